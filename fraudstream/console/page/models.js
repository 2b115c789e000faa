import { ask } from "./server.js";
import { empty, h, table } from "./dom.js";
import { count, figure, percent, when } from "./words.js";

/** The models that score, those registered, and challengers compared with the champion. */
export class Models {
  constructor({ notify }) {
    this.notify = notify;
    this.root = h("div", { class: "cards" });
  }

  async load() {
    try {
      const { serving, events, comparisons, versions } = await ask("models");
      const card = (title, ...parts) => h("section", { class: "panel whole" }, h("h2", {}, title), parts);
      this.root.replaceChildren(
        card("Scoring now", serving.length ? table(["model", "challengers", "#shards", "since"], grouped(serving)) : empty("No shard has reported yet.")),
        card("Compared with the champion, last hour", comparisons.length ? table(
          ["challenger", "champion", "#transactions", "#same decision", "#champion alerts", "#challenger alerts", "#both", "#mean difference", "#largest"],
          comparisons.map((row) => ({ cells: [row.challenger_id, row.champion_id, count(row.transactions), percent(row.agreement), count(row.champion_alerts), count(row.challenger_alerts), count(row.both_alert), figure(row.mean_difference), figure(row.max_difference)] })),
        ) : empty("No challenger has scored. `fraudstream model shadow` lets one.")),
        card("Registered", versions.length ? table(["#version", "model", "serves as", "#average precision", "registered"],
          versions.map((row) => ({ cells: [String(row.version), row.model_id, row.aliases.join(", "), figure(row.metrics.pr_auc), when(row.registered_at)] }))) : empty("None. `fraudstream model push` registers one.")),
        card("Model events of the shards", events.length ? table(["when", "#shard", "what", "model", "detail"],
          events.map((row) => ({ cells: [when(row.at), String(row.shard), row.kind, row.model_id, h("td", { class: "wide" }, row.detail)] }))) : empty("Nothing.")));
    } catch (error) {
      this.notify(error.message);
    }
  }
}

function grouped(serving) {
  const found = new Map();
  for (const row of serving) {
    const key = JSON.stringify([row.model_id, row.challengers]);
    const known = found.get(key) ?? { ...row, shards: 0 };
    found.set(key, { ...known, shards: known.shards + 1, since: row.since < known.since ? row.since : known.since });
  }
  return [...found.values()].map((row) => ({ cells: [row.model_id, row.challengers.join(", ") || "–", String(row.shards), when(row.since)] }));
}

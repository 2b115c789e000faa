import { ask } from "./server.js";
import { bars } from "./chart.js";
import { empty, pairs, h } from "./dom.js";
import { bytes, count, when } from "./words.js";

/** The job, its checkpoints and the cluster, as Flink reports them. */
export class Job {
  constructor({ notify }) {
    this.notify = notify;
    this.root = h("div", { class: "cards" });
  }

  async load() {
    try {
      const { cluster, jobs, why } = await ask("job");
      this.root.replaceChildren(
        h("section", { class: "panel whole" }, h("h2", {}, "Cluster"), cluster
          ? pairs([["TaskManagers", String(cluster.taskmanagers)], ["Slots", `${cluster.slots_free} free of ${cluster.slots}`]]) : empty(why)),
        ...(jobs.length || !cluster ? jobs.map(card) : [h("section", { class: "panel whole" }, empty("No job of ours. `fraudstream submit` starts it."))]));
    } catch (error) {
      this.notify(error.message);
    }
  }
}

function card(job) {
  const { history, completed, failed } = job.checkpoints, last = history.find((row) => row.status === "COMPLETED");
  const lag = Object.entries(job.lag ?? {}).map(([topic, records]) => `${topic} ${count(records)}`).join(", ");
  return h("section", { class: "panel whole" },
    h("h2", {}, job.name, " ", h("span", { class: `tag ${job.state === "RUNNING" ? "genuine" : "fraud"}` }, job.state)),
    pairs([
      ["Started", when(job.started_ms)], ["Restarts", count(job.restarts)], ["Records behind", lag || "–"],
      ["Checkpoints", `${count(completed)} completed, ${count(failed)} failed`],
      ["Last one", last ? `${when(last.at_ms)}, ${count(last.took_ms)} ms, ${bytes(last.bytes)}` : "none yet"],
      ...(job.last_failure ? [["Last failure", `${when(job.last_failure.at_ms)}: ${job.last_failure.cause}`]] : []),
      ...job.recreated_topics.map((text) => ["Input topic", text]),
    ]),
    h("h3", {}, "How long the last checkpoints took"),
    bars(history.slice().reverse().map((row) => ({
      name: "", value: row.took_ms, alarm: row.status === "FAILED", title: `${row.id}: ${row.status}, ${row.took_ms} ms, ${bytes(row.bytes)}`,
    })), "Duration of the last checkpoints"));
}

import { ask } from "./server.js";
import { empty, pairs, h, table } from "./dom.js";
import { figure, money, score, when } from "./words.js";

/** Everything about an alert: what it is, what to decide, why, and what the customer did around it. */
export function details(alert, { onReview, onSnooze, onClose }) {
  const history = h("div", {}, h("p", { class: "soft" }, "Reading …"));
  showHistory(alert, history);
  return h("article", { class: "panel", "aria-label": "Alert" },
    h("div", { class: "top" },
      h("span", { class: "big" }, money(alert.amount_minor, alert.currency)),
      h("span", { class: `score ${alert.decision === "BLOCK" ? "block" : "review"}` }, `${alert.decision} at ${score(alert.score)}`),
      h("button", { type: "button", onclick: onClose, "aria-label": "Close the details" }, "Close")),
    buttons(alert, onReview, onSnooze),
    h("h3", {}, "Why"),
    h("ol", { class: "reasons" }, alert.reasons.map(reason)),
    h("h3", {}, "Transaction"),
    pairs([
      ["Customer", alert.customer_id], ["Merchant", alert.merchant_id], ["Card used", when(alert.event_time)],
      ["Scored", when(alert.scored_at)], ["Transaction", alert.transaction_id], ["Alert", alert.alert_id],
      ["Model", `${alert.model_id}, review from ${score(alert.review_threshold)}, block from ${score(alert.block_threshold)}`],
    ]),
    h("h3", {}, "The customer's transactions around it"),
    history,
    h("details", {}, h("summary", {}, "All features"),
      pairs(Object.entries(alert.features).sort().map(([name, value]) => [name, figure(value)]))));
}

function buttons(alert, onReview, onSnooze) {
  const label = alert.label;
  const button = (name, text, key) => h("button", {
    type: "button", class: `is-${name}`, "aria-pressed": String(label !== null && label.is_fraud === (name === "fraud")),
    onclick: () => onReview(alert, name),
  }, text, " ", h("kbd", {}, key));
  return h("div", { class: "review-buttons" }, button("fraud", "Fraud", "f"), button("genuine", "Genuine", "g"),
    h("button", { type: "button", title: "No reviews of this customer for a week; blocks stay", onclick: () => onSnooze(alert, 7) }, "Snooze 7 days"),
    label ? h("span", { class: `tag ${label.is_fraud ? "fraud" : "genuine"}` }, `${label.is_fraud ? "Fraud" : "Genuine"}, known since ${when(label.label_time)}`) : null);
}

function reason(found) {
  const isRule = found.code.startsWith("rule:");
  const parts = [["Code", found.code], ["Feature", found.feature], ["Value", found.feature ? figure(found.value) : ""],
    ["Usual", found.usual === null ? "" : figure(found.usual)],
    ["Contribution", found.contribution === null ? "" : `${figure(found.contribution)} to the log-odds`]];
  return h("li", {}, h("strong", {}, found.summary || found.text || found.code || found.feature), " ",
    found.strength ? h("span", { class: `tag ${found.strength}` }, `${found.strength} signal`) : isRule ? h("span", { class: "tag" }, "rule") : null,
    h("details", {}, h("summary", { class: "soft" }, found.text && found.text !== found.summary ? found.text : "Feature, value and contribution"),
      pairs(parts.filter(([, value]) => value))));
}

async function showHistory(alert, target) {
  try {
    const { rows } = await ask(`alerts/${encodeURIComponent(alert.alert_id)}/history`);
    target.replaceChildren(rows.length ? historyTable(rows, alert) : empty("None among the topic's newest records."));
  } catch (error) {
    target.replaceChildren(empty(error.message));
  }
}

function historyTable(rows, alert) {
  return table(["when", "#amount", "merchant", "category", "#score", "known"], rows.map((row) => ({
    name: row.transaction_id === alert.transaction_id ? "this" : null,
    cells: [
      when(row.event_time), money(row.amount_minor, row.currency), row.merchant_id, row.merchant_category,
      h("span", { class: { BLOCK: "block", REVIEW: "review" }[row.decision] ?? null }, row.score === null ? "–" : score(row.score)),
      row.label ? h("span", { class: `tag ${row.label.is_fraud ? "fraud" : "genuine"}` }, row.label.is_fraud ? "fraud" : "genuine") : "",
    ],
  })));
}

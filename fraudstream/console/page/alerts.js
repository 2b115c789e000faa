import { ask } from "./server.js";
import { details } from "./details.js";
import { empty, h } from "./dom.js";
import { count, money, score, when } from "./words.js";

const LISTED = 200;

/** The queue: a list that is live, its filters, and the details of the chosen one. */
export class Alerts {
  constructor({ notify }) {
    this.notify = notify;
    this.rows = [];
    this.chosen = null;
    this.wanted = { text: "", decision: "", state: "open", sort: "newest", min_score: "0" };
    this.total = h("span", { class: "count", role: "status" });
    this.list = h("ul", { class: "list", "aria-label": "Alerts" });
    this.side = h("div", {});
    this.search = h("input", { type: "search", placeholder: "Customer, merchant, id or reason  ( / )", "aria-label": "Search", oninput: () => this.later() });
    this.layout = h("div", { class: "split" }, h("section", { class: "queue" }, this.filters(), this.list), this.side);
    this.root = this.layout;
  }

  filters() {
    const choice = (name, label, options) => h("select", { "aria-label": label, onchange: (event) => this.want(name, event.target.value) },
      options.map(([value, text]) => h("option", { value, selected: value === this.wanted[name] }, text)));
    return h("form", { class: "filters", onsubmit: (event) => event.preventDefault() }, this.search,
      choice("state", "Which", [["open", "To review"], ["fraud", "Known frauds"], ["genuine", "Known genuine"], ["all", "All"]]),
      choice("decision", "Decision", [["", "Both decisions"], ["BLOCK", "Blocked"], ["REVIEW", "For review"]]),
      choice("min_score", "Minimum score", [["0", "Any score"], ["0.5", "From 0.5"], ["0.8", "From 0.8"], ["0.95", "From 0.95"]]),
      choice("sort", "Order", [["newest", "Newest first"], ["score", "Highest score"], ["amount", "Largest amount"]]),
      this.total);
  }

  want(name, value) {
    this.wanted[name] = value;
    return this.load();
  }

  /** Reload soon: while a person types, or when much comes in. */
  later(ms = 250) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), ms);
  }

  async load() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.wanted.text = this.search.value;
    const wanted = Object.entries(this.wanted).filter(([, value]) => value !== "");
    try {
      const { rows, count: found } = await ask(`alerts?${new URLSearchParams([...wanted, ["limit", LISTED]])}`);
      if (turn !== this.turn) return; // a later question is on its way
      [this.rows, this.found] = [rows, found];
      this.draw();
    } catch (error) {
      this.notify(error.message);
    }
  }

  /** Add new alerts on top where the newest are; else the list is asked for again, at most once a second. */
  add({ rows, count: many }) {
    const plain = this.wanted.sort === "newest" && !this.wanted.text && !this.wanted.decision && this.wanted.min_score === "0";
    if (!plain || rows.length < many || !["open", "all"].includes(this.wanted.state)) {
      if (!this.waiting) this.waiting = setTimeout(() => { this.waiting = null; this.load(); }, 1000);
      return;
    }
    const fresh = rows.filter((row) => !this.rows.some((known) => known.alert_id === row.alert_id) && (this.wanted.state === "all" || !row.label));
    this.rows = [...fresh, ...this.rows].sort((a, b) => new Date(b.scored_at) - new Date(a.scored_at)).slice(0, LISTED);
    this.found += fresh.length;
    this.draw();
  }

  addLabels(labels) {
    const newest = new Map(labels.map((one) => [keyOf(one), one.label]));
    for (const row of this.rows) row.label = newest.get(keyOf(row)) ?? row.label;
    if (this.alert && newest.has(keyOf(this.alert))) {
      this.alert.label = newest.get(keyOf(this.alert));
      this.show(this.alert);
    }
    this.draw();
  }

  draw() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null;
      this.total.textContent = this.found > this.rows.length ? `${count(this.rows.length)} of ${count(this.found)}` : count(this.found ?? 0);
      const focused = document.activeElement?.dataset?.alert;
      this.list.replaceChildren(...(this.rows.length ? this.rows.map((row) => this.item(row)) : [h("li", {}, empty("No matching alerts. New ones appear automatically."))]));
      if (focused) this.list.querySelector(`[data-alert="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    });
  }

  item(row) {
    const tag = row.label ? h("span", { class: `tag ${row.label.is_fraud ? "fraud" : "genuine"}` }, row.label.is_fraud ? "fraud " : "genuine ") : null;
    return h("li", {}, h("button", {
      type: "button", class: `row${row.label ? " done" : ""}`, "data-alert": row.alert_id,
      "aria-current": row.alert_id === this.chosen ? "true" : null, onclick: () => this.open(row.alert_id),
    },
    h("span", { class: `score ${row.decision === "BLOCK" ? "block" : "review"}`, title: row.decision }, score(row.score)),
    h("span", {}, tag, row.customer_id, h("span", { class: "soft" }, ` at ${row.merchant_id}`)),
    h("span", { class: "amount" }, money(row.amount_minor, row.currency)),
    h("span", { class: "why" }, row.reasons.map((code) => code.toLowerCase().replaceAll("_", " ")).join(", ")),
    h("span", { class: "when" }, when(row.scored_at))));
  }

  async open(alertId) {
    this.chosen = alertId;
    this.draw();
    try {
      const alert = await ask(`alerts/${encodeURIComponent(alertId)}`);
      if (this.chosen === alertId) this.show(alert);
    } catch (error) {
      this.notify(error.message);
    }
  }

  show(alert) {
    const same = this.alert?.alert_id === alert.alert_id;
    this.alert = alert;
    const article = details(alert, { onReview: (about, name) => this.review(about, name), onSnooze: (about, days) => this.snooze(about, days), onClose: () => this.close() });
    this.side.replaceChildren(article);
    this.layout.classList.add("open");
    if (!same && matchMedia("(max-width: 59.99rem)").matches) scrollTo(0, 0);
  }

  close() {
    [this.alert, this.chosen] = [null, null];
    this.side.replaceChildren();
    this.layout.classList.remove("open");
    this.draw();
  }

  /** Publish the label of an alert, and open the next open one. */
  async review(alert, name) {
    if (this.sending) return;
    this.sending = true;
    try {
      const label = await ask(`alerts/${encodeURIComponent(alert.alert_id)}/review`, { body: { label: name } });
      this.notify(`${alert.customer_id}: ${name}. The label is on its way to the job.`);
      this.addLabels([{ customer_id: alert.customer_id, transaction_id: alert.transaction_id, label }]);
      if (this.wanted.state === "open") await this.pass(alert.alert_id);
    } catch (error) {
      this.notify(error.message);
    } finally {
      this.sending = false;
    }
  }

  /** Silence the reviews of its customer for some days. */
  async snooze(alert, days) {
    if (this.sending) return;
    this.sending = true;
    try {
      const { until } = await ask(`alerts/${encodeURIComponent(alert.alert_id)}/snooze`, { body: { days } });
      this.notify(`${alert.customer_id}: no reviews until ${when(until)}.`);
    } catch (error) {
      this.notify(error.message);
    } finally {
      this.sending = false;
    }
  }

  /** Remove an alert from the queue, and open the one after it, or before it at the end. */
  async pass(alertId) {
    const index = this.rows.findIndex((row) => row.alert_id === alertId);
    if (index < 0) return;
    this.rows = this.rows.filter((row) => row.alert_id !== alertId);
    this.found -= 1;
    const next = this.rows[index] ?? this.rows[index - 1];
    if (next) await this.open(next.alert_id);
    else this.close();
  }

  key(name) {
    if (name === "/") this.search.focus();
    else if (name === "Escape") this.close();
    else if (name === "f" && this.alert) this.review(this.alert, "fraud");
    else if (name === "g" && this.alert) this.review(this.alert, "genuine");
    else if (name === "j" || name === "k") this.step(name === "j" ? 1 : -1);
    else return false;
    return true;
  }

  step(by) {
    const index = this.rows.findIndex((row) => row.alert_id === this.chosen);
    const row = this.rows[index < 0 ? 0 : index + by];
    if (!row) return;
    this.open(row.alert_id);
    this.list.querySelector(`[data-alert="${CSS.escape(row.alert_id)}"]`)?.scrollIntoView({ block: "nearest" });
  }
}

// Two customers may use one transaction id.
function keyOf({ customer_id: customer, transaction_id: transaction }) {
  return JSON.stringify([customer, transaction]);
}

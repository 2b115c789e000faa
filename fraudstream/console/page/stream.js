import { ask } from "./server.js";
import { bars, lines, timeline } from "./chart.js";
import { empty, h, table } from "./dom.js";
import { count, figure, when } from "./words.js";

const KEPT = 300;

/** Rates, latency, scores, drift and dead letters. */
export class Stream {
  constructor({ notify }) {
    this.notify = notify;
    this.charts = Object.fromEntries(["rates", "latency", "scores", "drifts", "letters"].map((name) => [name, h("div", {})]));
    const card = (title, name, key, whole) => h("section", { class: `panel${whole ? " whole" : ""}` }, h("h2", {}, title), key, this.charts[name]);
    this.root = h("div", { class: "cards" },
      card("Transactions a second", "rates"),
      card("Latency, ms", "latency", h("p", { class: "soft" }, h("span", { class: "key-a" }, "p50"), " and ", h("span", { class: "key-b" }, "p99"), ", from a transaction's record to its score's")),
      card("Scores of these minutes", "scores", h("p", { class: "soft" }, "A sample; heights by the square root")),
      card("Drift", "drifts"), card("Dead letters, the newest", "letters", null, true));
  }

  async load() {
    try {
      const [figures, drifts, letters] = await Promise.all([ask("figures"), ask("drifts"), ask("dead-letters")]);
      [this.points, this.drifts] = [figures.points, drifts.rows];
      this.drawLines();
      this.charts.scores.replaceChildren(bars(figures.scores.map(({ up_to: bound, count: many }) => ({
        name: String(bound), value: many, title: `up to ${bound}: ${count(many)}`,
      })), "Scores by their size"));
      this.drawDrifts();
      this.charts.letters.replaceChildren(letters.rows.length ? table(["when", "reason", "what", "position", "#bytes"],
        letters.rows.slice().reverse().slice(0, 50).map((row) => ({ cells: [
          when(row.failed_at), row.reason, h("td", { class: "wide" }, row.detail), `${row.topic} ${row.partition}:${row.offset}`, count(row.payload_size),
        ] }))) : empty("None: every record could be scored."));
    } catch (error) {
      this.notify(error.message);
    }
  }

  add(point) {
    if (!this.points) return;
    this.points = [...this.points, point].slice(-KEPT);
    if (this.root.isConnected) this.drawLines();
  }

  drawLines() {
    this.charts.rates.replaceChildren(lines(this.points, [["transactions_per_s", "a"]], "Transactions a second over the last minutes"));
    this.charts.latency.replaceChildren(lines(this.points, [["p50_ms", "a"], ["p99_ms", "b"]], "Latency over the last minutes"));
  }

  drawDrifts() {
    this.charts.drifts.replaceChildren(timeline(this.drifts.map((row) => ({
      at: row.detected_at, name: row.signal, title: `${row.signal} by ${row.detector}: ${figure(row.observed)} instead of ${figure(row.expected ?? row.estimate)}`,
    })), "Drift events by signal"));
  }
}

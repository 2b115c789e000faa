import { Alerts } from "./alerts.js";
import { Job } from "./job.js";
import { Models } from "./models.js";
import { follow } from "./server.js";
import { Stream } from "./stream.js";
import { figure } from "./words.js";

const AGAIN_MS = 5000;
const main = document.getElementById("main"), link = document.getElementById("link"), rates = document.getElementById("rates");
const notice = document.getElementById("notice"), help = document.getElementById("help");

let quiet;
function notify(text) {
  notice.textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { notice.textContent = ""; }, 4000);
}

const views = { alerts: new Alerts({ notify }), stream: new Stream({ notify }), models: new Models({ notify }), job: new Job({ notify }) };
const names = Object.keys(views);
let shown = null;

function route() {
  const name = location.hash.slice(2);
  shown = views[name] ? name : "alerts";
  for (const anchor of document.querySelectorAll("nav a")) {
    if (anchor.hash === `#/${shown}`) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  main.replaceChildren(views[shown].root);
  views[shown].load();
}

const listeners = {
  alerts: (data) => views.alerts.add(data),
  labels: (data) => views.alerts.addLabels(data),
  figures: (point) => {
    rates.textContent = `${figure(point.transactions_per_s)}/s · p99 ${figure(point.p99_ms)} ms`;
    views.stream.add(point);
  },
  drifts: () => shown === "stream" && views.stream.load(),
  dead_letters: () => {},
};

function onLink(live) {
  link.classList.toggle("live", live);
  link.title = live ? "live" : "not connected";
  if (live) views[shown].load(); // what came while it was not
}

addEventListener("hashchange", route);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const index = Number(event.key) - 1;
  if (event.key === "?") help.showModal();
  else if (names[index]) location.hash = `#/${names[index]}`;
  else if (!(shown === "alerts" && views.alerts.key(event.key))) return;
  event.preventDefault();
});
document.getElementById("keys").addEventListener("click", () => help.showModal());
// What changes slowly is polled, while its page is visible.
setInterval(() => { if (shown !== "alerts" && !document.hidden) views[shown].load(); }, AGAIN_MS);

route();
follow((event, data) => listeners[event]?.(data), onLink);

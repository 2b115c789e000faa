import { h, s } from "./dom.js";
import { figure, when } from "./words.js";

const WIDTH = 600, HEIGHT = 150, LEFT = 44, BOTTOM = 20, TOP = 8;

/** Lines over time: points of {at_s, ...}, lines of [name, class]. */
export function lines(points, names, label) {
  const values = points.flatMap((point) => names.map(([name]) => point[name])).filter((value) => value !== null);
  if (values.length < 2) return h("p", { class: "empty" }, "Nothing yet.");
  const top = Math.max(...values) * 1.1 || 1;
  const begin = points[0].at_s, span = points.at(-1).at_s - begin || 1;
  const x = (at) => LEFT + ((at - begin) / span) * (WIDTH - LEFT), y = (value) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const path = (name) => points.reduce((text, point, index) => {
    if (point[name] === null) return text;
    const joined = index > 0 && points[index - 1][name] !== null;
    return `${text}${joined ? "L" : "M"}${x(point.at_s).toFixed(1)} ${y(point[name]).toFixed(1)}`;
  }, "");
  return frame(label, axis(top, y), names.map(([name, kind]) => s("path", { class: kind, d: path(name) })),
    s("text", { x: LEFT, y: HEIGHT - 4 }, when(begin * 1000)), s("text", { x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, when((begin + span) * 1000)));
}

/** Bars of {name, value, title, alarm}; heights by the square root, so that small counts are visible next to large ones. */
export function bars(rows, label) {
  const top = Math.sqrt(Math.max(...rows.map((row) => row.value), 0));
  if (!top) return h("p", { class: "empty" }, "Nothing yet.");
  const step = (WIDTH - LEFT) / rows.length, room = HEIGHT - TOP - BOTTOM;
  return frame(label, rows.map((row, index) => {
    const tall = row.value ? Math.max(1.5, (Math.sqrt(row.value) / top) * room) : 0, left = LEFT + index * step;
    return s("g", {}, s("title", {}, row.title),
      s("rect", { class: row.alarm ? "alarm" : null, x: left + 1, y: TOP + room - tall, width: Math.max(1, step - 2), height: tall }),
      row.name ? s("text", { x: left + step / 2, y: HEIGHT - 4, "text-anchor": "middle" }, row.name) : null);
  }));
}

/** Moments on rows, one a name: {at, name, title}. */
export function timeline(events, label) {
  if (!events.length) return h("p", { class: "empty" }, "None.");
  const names = [...new Set(events.map((event) => event.name))].sort(), tall = 22;
  const times = events.map((event) => new Date(event.at).getTime());
  const begin = Math.min(...times), span = Math.max(...times) - begin || 1, left = 190;
  const height = names.length * tall + BOTTOM + 4;
  const drawing = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label },
    names.map((name, row) => [s("text", { x: 0, y: row * tall + 15 }, name), s("line", { class: "grid", x1: left, x2: WIDTH, y1: row * tall + 11, y2: row * tall + 11 })]),
    events.map((event, index) => s("circle", { class: "alarm", r: 4, cy: names.indexOf(event.name) * tall + 11, cx: left + 6 + ((times[index] - begin) / span) * (WIDTH - left - 12) }, s("title", {}, event.title))),
    s("text", { x: left, y: height - 4 }, when(begin)), s("text", { x: WIDTH, y: height - 4, "text-anchor": "end" }, when(begin + span)));
  drawing.style.height = "auto";
  return drawing;
}

function axis(top, y) {
  return [0, top / 2.2, top / 1.1].map((value) => [s("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }), s("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, figure(value))]);
}

function frame(label, ...parts) {
  return s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, parts);
}

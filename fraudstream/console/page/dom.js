// Everything that comes from records gets into the page as text or as an attribute set here, never as HTML.

/** Make an element: h("a", {href: "#", class: "x", onclick: f}, "text", child). Null children are left out. */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for a part of a drawing. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A table of rows of cells; a heading that begins with "#" is of numbers. */
export function table(headings, rows) {
  const kind = headings.map((heading) => (heading.startsWith("#") ? "number" : null));
  const cell = (value, column) => (value instanceof Node && value.tagName === "TD" ? value : h("td", { class: kind[column] }, value));
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, headings.map((heading, column) => h("th", { scope: "col", class: kind[column] }, heading.replace("#", ""))))),
    h("tbody", {}, rows.map(({ cells, name }) => h("tr", { class: name }, cells.map(cell))))));
}

/** Terms and what they say. */
export function pairs(rows) {
  return h("dl", { class: "pairs" }, rows.map(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
}

export function empty(text) {
  return h("p", { class: "empty" }, text);
}

"use strict";
// Everything that reaches the page as text goes through `el` or `put`, which make text nodes and never markup.

const number = new Intl.NumberFormat("en-GB");
const count = (value) => number.format(value);
const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
const score = (value) => (value === null ? "–" : String(Number(value.toPrecision(5))));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const byId = (id) => document.getElementById(id);

/** An element with attributes (functions become listeners, `vars` custom properties and lengths) and children. */
function el(name, attributes = {}, ...children) {
  const node = name.includes(":")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.split(":")[1])
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(key, value);
    else if (key === "vars") for (const [property, set] of Object.entries(value)) node.style.setProperty(property, set);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Controls that change what is around them, or that nobody can see: shown by their number, never obeyed.
const CONTROLS = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff])/;

/** Text put into a node, with invisible controls made visible. */
function put(node, text) {
  text.split(CONTROLS).forEach((part, place) => {
    if (place % 2) {
      const name = `U+${part.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
      node.append(el("span", { class: "control", title: "A control character" }, name));
    } else if (part) node.append(part);
  });
  return node;
}

/** A block of one language's text, in its direction; the second, fourth, ... piece is highlighted. */
function textBlock(pieces, language) {
  const block = el("div", { class: "text", dir: language.dir, lang: language.bcp47 });
  pieces.forEach((piece, place) => (place % 2 ? block.append(put(el("mark"), piece)) : put(block, piece)));
  return block;
}

const LONG = 28; // characters of a cell that may be broken into lines

/** A table that scrolls by itself; numbers are at the right of their columns. */
function table(heads, rows, label) {
  const figures = heads.map((_, column) => rows.some((cells) => typeof cells[column] === "number"));
  const cell = (value, column) => {
    if (figures[column]) return el("td", {}, typeof value === "number" ? count(value) : "–");
    const text = String(value ?? "–");
    return el("td", { class: text.length > LONG ? "left wrap" : "left" }, put(el("span"), text));
  };
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": label }, el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((head, column) =>
      el("th", { scope: "col", class: figures[column] ? "" : "left" }, head)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map(cell))))));
}

function option(value, text, chosen) {
  return el("option", { value, selected: chosen }, text);
}

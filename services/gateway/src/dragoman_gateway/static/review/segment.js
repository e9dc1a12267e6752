// A segment on the page: text nodes and chips. A chip stands for one inline tag, cannot be edited inside, and has a text
// twin for screen readers. As text a tag is written <1>, </1> or <2/>, as the API does.
import { h } from "./dom.js";

const TOKEN = /<(\/?)(\d+)(\/?)>/g;
const ROLES = {
  format: "formatting",
  link: "link",
  field: "field",
  break: "line break",
  tab: "tab stop",
  note: "note",
  image: "image",
  symbol: "symbol",
  marker: "marker",
  other: "mark",
};
const SIGNS = { link: "🔗", field: "ƒ", break: "↵", tab: "⇥", note: "※", image: "▣", symbol: "§" };

export const side = (token) => (token.startsWith("</") ? "close" : token.endsWith("/>") ? "placeholder" : "open");
const idOf = (token) => Number(token.replace(/\D/g, ""));

// "a <1>b</1>" → ["a ", {token: "<1>"}, "b", {token: "</1>"}]. Only ids that the unit has are tags.
export function parse(text, tags) {
  const known = new Set(tags.map((each) => each.id));
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (!known.has(Number(match[2])) || (match[1] && match[3])) continue;
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ token: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

export function plain(text, tags) {
  return parse(text, tags)
    .filter((each) => typeof each === "string")
    .join("");
}

// The text with none but the unit's own tags: what another unit's translation is here.
export function fitted(text, tags) {
  const known = new Set(tags.map((each) => each.id));
  return text.replace(TOKEN, (token, _closes, id) => (known.has(Number(id)) ? token : ""));
}

// Tags that a text has, where nobody says what they are.
export const tagsIn = (text) => [...text.matchAll(TOKEN)].map(([, , id]) => ({ id: Number(id), role: "other" }));

// The tokens of the source that the target lacks, in the source's order. `isNeeded`: the document is broken without.
export function missing(source, target, tags) {
  const left = new Map();
  for (const { token } of parse(target, tags)) if (token) left.set(token, (left.get(token) ?? 0) + 1);
  const specs = new Map(tags.map((each) => [each.id, each]));
  const found = [];
  for (const { token } of parse(source, tags)) {
    if (!token) continue;
    if (left.get(token)) left.set(token, left.get(token) - 1);
    else found.push({ token, isNeeded: !specs.get(idOf(token))?.can_delete });
  }
  return found;
}

export function describe(token, tags) {
  const spec = tags.find((each) => each.id === idOf(token));
  const role = ROLES[spec?.role] ?? "mark";
  const what = { open: "opening tag", close: "closing tag", placeholder: "tag" }[side(token)];
  return `${what} ${idOf(token)}, ${role}`;
}

export function chip(token, tags) {
  const spec = tags.find((each) => each.id === idOf(token));
  const label = describe(token, tags);
  const sign = SIGNS[spec?.role] ?? "";
  const face = {
    open: `${idOf(token)}${sign}`,
    close: `${idOf(token)}`,
    placeholder: `${sign || "◆"}${idOf(token)}`,
  }[side(token)];
  return h(
    "span",
    { class: `tag tag-${side(token)}`, contenteditable: "false", "data-tag": token, title: label },
    h("span", { "aria-hidden": "true" }, face),
    h("span", { class: "visually-hidden" }, `[${label}]`),
  );
}

export function fill(element, text, tags) {
  element.replaceChildren(...parse(text, tags).map((each) => (each.token ? chip(each.token, tags) : each)));
}

// The text of what stands in the element; line ends of a browser's own making are none.
export function read(element) {
  let text = "";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += node.data.replace(/[\r\n]+/g, " ");
    else if (node.dataset?.tag) text += node.dataset.tag;
    else if (node.nodeType === Node.ELEMENT_NODE) text += read(node);
  }
  return text;
}

// Places count characters (UTF-16) and chips, a chip as one.
export function places(element) {
  const selection = getSelection();
  if (!selection.rangeCount || !element.contains(selection.anchorNode)) return null;
  const range = selection.getRangeAt(0);
  const before = (container, offset) => {
    const head = document.createRange();
    head.setStart(element, 0);
    head.setEnd(container, offset);
    let count = 0;
    for (const node of head.cloneContents().childNodes)
      count += node.nodeType === Node.TEXT_NODE ? node.data.length : node.dataset?.tag ? 1 : 0;
    return count;
  };
  return [before(range.startContainer, range.startOffset), before(range.endContainer, range.endOffset)];
}

function pointAt(element, place) {
  let left = place;
  for (const node of element.childNodes) {
    const size = node.nodeType === Node.TEXT_NODE ? node.data.length : 1;
    if (node.nodeType === Node.TEXT_NODE && left <= size) return [node, left];
    if (left <= 0) return [element, [...element.childNodes].indexOf(node)];
    left -= size;
  }
  return [element, element.childNodes.length];
}

export function select(element, start, end = start) {
  const range = document.createRange();
  range.setStart(...pointAt(element, start));
  range.setEnd(...pointAt(element, end));
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

export function selectEnd(element) {
  select(element, Number.MAX_SAFE_INTEGER);
}

// The range of the page over characters start to end (code points, as Python counts) of the element's plain text.
export function rangeOver(element, start, end) {
  const range = document.createRange();
  let at = 0;
  let isBegun = false;
  for (const node of element.childNodes) {
    if (node.nodeType !== Node.TEXT_NODE) continue;
    const points = [...node.data];
    const unitsTo = (count) => points.slice(0, count).join("").length;
    if (!isBegun && start <= at + points.length) {
      range.setStart(node, unitsTo(start - at));
      isBegun = true;
    }
    if (isBegun && end <= at + points.length) {
      range.setEnd(node, unitsTo(end - at));
      return range;
    }
    at += points.length;
  }
  return null;
}

// Findings and searched words marked in the text, without touching it: the caret and input methods notice nothing.
import { rangeOver } from "./segment.js";

const NAMES = ["blocker", "warning", "info", "searched"];

export class Marks {
  constructor() {
    this.isThere = typeof Highlight === "function" && "highlights" in CSS;
    this.ranges = new Map(); // element → [[name, range]]
    if (!this.isThere) return;
    this.highlights = Object.fromEntries(NAMES.map((name) => [name, new Highlight()]));
    for (const name of NAMES) CSS.highlights.set(`review-${name}`, this.highlights[name]);
  }

  // Mark anew what an element shows.
  set(element, findings, words) {
    if (!this.isThere) return;
    this.clear(element);
    const made = [];
    for (const { severity, start, end, dismissed_reason: isDismissed } of findings) {
      if (isDismissed || start === null || start === undefined || end <= start) continue;
      const range = rangeOver(element, start, end);
      if (range) made.push([NAMES.includes(severity) ? severity : "info", range]);
    }
    if (words) {
      const sought = words.toLocaleLowerCase();
      for (const node of element.childNodes) {
        if (node.nodeType !== Node.TEXT_NODE) continue;
        const text = node.data.toLocaleLowerCase();
        if (text.length !== node.data.length) continue;
        for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + sought.length)) {
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + sought.length);
          made.push(["searched", range]);
        }
      }
    }
    for (const [name, range] of made) this.highlights[name].add(range);
    if (made.length) this.ranges.set(element, made);
  }

  clear(element) {
    for (const [name, range] of this.ranges.get(element) ?? []) this.highlights[name].delete(range);
    this.ranges.delete(element);
  }
}

// The target of one unit under a translator's hands: typing, pasting, tags, taking back.
import { say } from "./dom.js";
import { chip, describe, fill, missing, parse, places, read, select, selectEnd, side } from "./segment.js";

const GROUP_MS = 700; // what is typed within it is taken back together

export class Cell {
  // `changed` is called with the cell after each change by a person.
  constructor(element, unit, text, changed) {
    this.element = element;
    this.unit = unit;
    this.changed = changed;
    this.isComposing = false;
    this.past = [];
    this.future = [];
    this.groupedAt = 0;
    element.contentEditable = "true";
    try {
      element.contentEditable = "plaintext-only";
    } catch {
      /* older browsers: beforeinput below keeps it plain */
    }
    fill(element, text, unit.tags);
    this.known = text;
    element.addEventListener("beforeinput", (event) => this.#before(event));
    element.addEventListener("input", () => this.#after());
    element.addEventListener("paste", (event) => {
      event.preventDefault();
      this.insert(event.clipboardData.getData("text/plain"));
    });
    element.addEventListener("copy", (event) => this.#copy(event));
    element.addEventListener("cut", (event) => {
      if (this.#copy(event)) {
        this.#remember();
        getSelection().deleteFromDocument();
        this.#after();
      }
    });
    element.addEventListener("drop", (event) => event.preventDefault());
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("compositionstart", () => {
      this.isComposing = true;
      this.#remember();
    });
    element.addEventListener("compositionend", () => {
      this.isComposing = false;
      this.#after();
    });
  }

  get text() {
    return read(this.element);
  }

  // Put another text there, by a person's wish: it can be taken back.
  replace(text) {
    this.#remember();
    fill(this.element, text, this.unit.tags);
    selectEnd(this.element);
    this.#told();
  }

  // Show the server's text; nothing to take back.
  show(text) {
    if (text === this.text || this.isComposing) return;
    const at = places(this.element);
    fill(this.element, text, this.unit.tags);
    if (at) select(this.element, ...at);
    this.known = text;
  }

  // At the caret, over what is selected; tags in it that are missing become chips, others stay away.
  insert(text) {
    this.#remember();
    const clean = text.replace(/\s*[\r\n]+\s*/g, " ").replace(/\t/g, " ");
    const owed = missing(this.unit.source, this.text, this.unit.tags).map((each) => each.token);
    const copied = new Set(this.unit.tags.filter((each) => each.can_copy).map((each) => each.id));
    const nodes = [];
    for (const part of parse(clean, this.unit.tags)) {
      if (typeof part === "string") {
        nodes.push(document.createTextNode(part));
        continue;
      }
      const index = owed.indexOf(part.token);
      if (index < 0 && !copied.has(Number(part.token.replace(/\D/g, "")))) continue;
      if (index >= 0) owed.splice(index, 1);
      nodes.push(chip(part.token, this.unit.tags));
    }
    this.#put(nodes);
  }

  // The next missing tag at the caret; a missing pair goes around what is selected. False: none is missing.
  insertMissing() {
    const found = missing(this.unit.source, this.text, this.unit.tags);
    if (!found.length) {
      say("No tag is missing");
      return false;
    }
    const [{ token }] = found;
    const closing = token.replace("<", "</");
    const selection = getSelection();
    if (
      side(token) === "open" &&
      found.some((each) => each.token === closing) &&
      selection.rangeCount &&
      !selection.isCollapsed &&
      this.element.contains(selection.anchorNode)
    ) {
      this.#remember();
      const range = selection.getRangeAt(0);
      const inner = range.extractContents();
      inner.prepend(chip(token, this.unit.tags));
      inner.append(chip(closing, this.unit.tags));
      range.insertNode(inner);
      range.collapse(false);
      this.#told();
      say(`Tags ${token} ${closing} inserted`);
      return true;
    }
    this.insertTag(token);
    return true;
  }

  insertTag(token) {
    this.#remember();
    this.#put([chip(token, this.unit.tags)]);
    say(`Inserted ${describe(token, this.unit.tags)}`);
  }

  undo() {
    this.#travel(this.past, this.future);
  }
  redo() {
    this.#travel(this.future, this.past);
  }

  #put(nodes) {
    this.element.focus();
    if (!places(this.element)) selectEnd(this.element);
    const range = getSelection().getRangeAt(0);
    range.deleteContents();
    for (const node of nodes) {
      range.insertNode(node);
      range.collapse(false);
    }
    this.element.normalize();
    this.#told();
  }

  #before(event) {
    const kind = event.inputType;
    // A paragraph is one unit: its line breaks are tags. Formats are tags too.
    if (kind === "insertParagraph" || kind === "insertLineBreak" || kind.startsWith("format")) {
      event.preventDefault();
      return;
    }
    if (kind === "historyUndo" || kind === "historyRedo") {
      event.preventDefault();
      return;
    }
    if (this.isComposing) return;
    this.#remember(kind === "insertText" || kind === "deleteContentBackward");
  }

  #after() {
    if (this.isComposing) return; // an input method still decides
    // Nothing but text and whole chips may stand there, whatever a browser or an extension put in.
    const isClean = [...this.element.childNodes].every(
      (node) => node.nodeType === Node.TEXT_NODE || (node.dataset?.tag && node.childNodes.length === 2),
    );
    if (!isClean) {
      const at = places(this.element);
      const hadOnlyBreak = this.element.childNodes.length === 1 && this.element.firstChild.nodeName === "BR";
      fill(this.element, this.text, this.unit.tags);
      if (at && !hadOnlyBreak) select(this.element, ...at);
    }
    this.#told();
  }

  #told() {
    const text = this.text;
    if (text === this.known) return;
    const lost =
      missing(this.unit.source, text, this.unit.tags).length -
      missing(this.unit.source, this.known, this.unit.tags).length;
    if (lost > 0) say("A tag was taken out; the key for the next missing tag puts it back");
    this.known = text;
    this.changed(this);
  }

  #copy(event) {
    const selection = getSelection();
    if (selection.isCollapsed) return false;
    event.preventDefault();
    event.clipboardData.setData("text/plain", read(selection.getRangeAt(0).cloneContents()));
    return true;
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229) return; // never cut off an input method
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey;
    const key = event.key.toLowerCase();
    if (isCommand && key === "z") {
      event.preventDefault();
      if (event.shiftKey) this.redo();
      else this.undo();
    } else if (isCommand && key === "y") {
      event.preventDefault();
      this.redo();
    }
  }

  #remember(isGrouped = false) {
    const now = performance.now();
    const isSame = isGrouped && now - this.groupedAt < GROUP_MS && this.past.length > 0;
    this.groupedAt = isGrouped ? now : 0;
    if (isSame) return;
    this.past.push([this.text, places(this.element)]);
    if (this.past.length > 200) this.past.shift();
    this.future = [];
  }

  #travel(from, to) {
    const target = from.pop();
    if (!target) return;
    to.push([this.text, places(this.element)]);
    const [text, at] = target;
    this.groupedAt = 0;
    fill(this.element, text, this.unit.tags);
    if (at) select(this.element, ...at);
    this.#told();
  }
}

// A translator's desk: what is at hand, and what can be done with it.
import { byId, calmly, plural, say } from "./dom.js";
import { Problem } from "./api.js";
import { askNumber, tried } from "./dialogs.js";
import { Conflict } from "./conflict.js";
import { Filters } from "./filters.js";
import { VirtualList } from "./list.js";
import { Marks } from "./marks.js";
import { Panel } from "./panel.js";
import { Presence } from "./presence.js";
import { Rows } from "./row.js";
import { missing, places, select, selectEnd } from "./segment.js";
import { Saving } from "./saving.js";
import { Unsent, savedWords } from "./unsent.js";
import { FilteredList, Owed, Store, WholeList, isOwed } from "./store.js";

const COUNTS_EVERY_MS = 30_000;
const REST_MS = 90; // on a unit before its details are asked for: units that are stepped over cost nothing
const NOTHING = { comments: [], history: [], why: null, matches: [], terms: [], version: 0 }; // of a unit that is left as it is

export class Desk {
  constructor(api, page) {
    this.api = api;
    this.page = page;
    this.locales = page.locales;
    this.review = { is_editable: page.isEditable, pending_units: 0, reviewers: [] };
    this.people = []; // who may review
    this.current = null;
    this.detail = null;
    this.picked = new Set();
    this.checked = new Map(); // unit id → findings of what is typed, until it is saved
    this.store = new Store(api);
    this.owed = new Owed(this.store);
    this.saving = new Saving(api, page.jobId, (answer) => this.#taken(answer));
    this.presence = new Presence(api);
    this.marks = new Marks();
    this.rows = new Rows(this);
    this.list = new VirtualList(byId("viewport"), {
      make: (index) => this.#row(index),
      gone: (row) => {
        const text = row.querySelector("[data-edit]");
        if (text) this.marks.clear(text);
        this.rows.gone(row);
      },
      seen: (first, last) => this.#seen(first, last),
    });
    this.panel = new Panel(this);
    this.conflict = new Conflict(this);
    this.unsent = new Unsent(this);
    this.filters = new Filters((filter) => this.#listed(filter));
    this.check = calmly(300, (cell) => this.#check(cell));
    this.store.addEventListener("unit", (event) => this.refresh(event.detail));
    this.saving.addEventListener("draft", (event) => {
      this.refresh(event.detail);
      this.unsent.show();
    });
    this.saving.addEventListener("conflict", (event) => {
      say("Somebody else saved another text of this unit");
      if (event.detail === this.current || !this.isFocused) this.conflict.open(event.detail);
    });
    this.presence.addEventListener("moved", (event) => this.refresh(event.detail));
  }

  async begin() {
    setInterval(() => {
      if (document.visibilityState === "visible") this.recount();
    }, COUNTS_EVERY_MS);
    await Promise.all([this.#listed(this.filters.asked), this.recount()]);
    this.saving.retry();
    this.unsent.show();
    const asked = /^#unit-(\d+)$/.exec(location.hash);
    if (asked) await this.goTo(Number(asked[1]) - 1);
  }

  // --- What rows and the panel ask -------------------------------------------------------------
  get isEditable() {
    return Boolean(this.review.is_editable);
  }
  get isFocused() {
    return byId("viewport").contains(document.activeElement);
  }
  get unit() {
    return this.store.units.get(this.current);
  }
  get cell() {
    return this.rows.cells.get(this.current);
  }

  canEdit(unit) {
    return this.isEditable && unit.is_translatable;
  }
  textOf(unit) {
    return this.saving.get(unit.unit_id)?.target ?? unit.target ?? "";
  }
  isDirty(id) {
    return this.saving.get(id)?.status === "edited";
  }
  findingsOf(unit) {
    return this.checked.get(unit.unit_id) ?? unit.findings;
  }
  othersAt(id) {
    return this.presence.at(id);
  }
  nameOf(userId) {
    return userId ? this.people.find((each) => each.user_id === userId)?.name : "";
  }

  savedState(id) {
    const draft = this.saving.get(id);
    if (this.noted?.id === id) return { status: "refused", text: this.noted.text };
    if (!draft) return this.saving.shown.has(id) ? { status: "saved", text: "Saved" } : null;
    return savedWords(draft, this.current === id);
  }

  marked(unit) {
    const cell = this.rows.cells.get(unit.unit_id);
    if (cell) this.marks.set(cell.element, this.findingsOf(unit), this.filters.words);
  }

  near(unit) {
    const all = [...this.store.units.values()].filter((each) => Math.abs(each.position - unit.position) <= 2);
    return all.sort((a, b) => a.position - b.position);
  }

  // --- The list --------------------------------------------------------------------------------
  async #listed(filter) {
    this.leave();
    this.source = filter
      ? new FilteredList(this.store, filter)
      : new WholeList(this.store, this.page.total, this.page.cursors);
    this.list.reset(this.source.count);
    const { source } = this;
    await this.#load(0);
    if (this.source !== source) return;
    if (!source.isWhole) this.#grown();
    this.#told();
  }

  #told() {
    const { source } = this;
    byId("rows").setAttribute("aria-rowcount", String(source.isWhole || source.isComplete ? source.count + 1 : -1));
    byId("nothing").hidden = source.count > 0;
    byId("nothing").textContent = this.page.total
      ? "No unit is like this."
      : "The text has not been extracted yet.";
    if (!source.isWhole) say(`${source.count}${source.isComplete ? "" : " or more"} units listed`);
  }

  #grown() {
    if (this.source.count !== this.list.count) this.list.grow(this.source.count);
  }

  async #load(index) {
    try {
      await this.source.load(index);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      byId("viewport").dataset.trouble = "";
      setTimeout(() => {
        delete byId("viewport").dataset.trouble;
        this.list.update();
      }, 3000);
    }
  }

  #seen(first, last) {
    const { source } = this;
    if (!source?.count || "trouble" in byId("viewport").dataset) return;
    if (source.isWhole) {
      for (const index of new Set([first, last])) if (!source.at(index)) this.#fill(index);
    } else if (last >= source.count - 20 && !source.isComplete && !source.loading) {
      this.#load(source.count).then(() => {
        if (this.source === source) {
          this.#grown();
          this.#told();
        }
      });
    }
  }

  // A page that is flown over is not fetched: whoever drags the scrollbar waits for where they stop.
  #fill(index) {
    clearTimeout(this.filling);
    this.filling = setTimeout(async () => {
      await this.#load(index);
    }, 60);
  }

  #row(index) {
    const unit = this.source.at(index);
    return unit ? this.rows.make(unit, index) : this.rows.waiting(index);
  }

  refresh(id) {
    const unit = this.store.units.get(id);
    if (!unit || !this.source) return;
    const index = this.source.indexOf(unit);
    const row = this.list.row(index);
    if (row?.dataset.unit === id) this.rows.update(row, unit);
    else if (row) this.list.remake(index);
    if (id === this.current) this.#showPanel();
  }

  remakeAll() {
    for (const index of [...this.list.rows.keys()]) this.list.remake(index);
  }

  // Everything anew from the server, where many units changed at once.
  async reload() {
    const position = this.unit?.position;
    this.leave();
    this.store.units.clear();
    this.checked.clear();
    this.owed.restart();
    await Promise.all([this.#listed(this.filters.asked), this.recount()]);
    if (position !== undefined) await this.goTo(position);
  }

  // --- One unit after another ------------------------------------------------------------------
  enter(id) {
    if (this.current === id) return;
    const before = this.current;
    this.leave();
    this.current = id;
    this.caret = null;
    this.detail = null;
    const unit = this.unit;
    this.list.pinned = this.source.indexOf(unit);
    this.presence.enter(id);
    if (before) this.refresh(before);
    this.refresh(id);
    history.replaceState(history.state, "", `#unit-${unit.position + 1}`);
    this.#detail(id);
  }

  // What was typed is saved as a draft; the unit stays at hand until another one is.
  leave() {
    const { unit } = this;
    if (unit && this.isDirty(unit.unit_id)) this.saving.save(unit, { propagate: this.panel.isPropagating });
  }

  // Resolves when nothing is under way: what asks the server about all units asks about what is on the page.
  async settle() {
    this.leave();
    await Promise.all(this.saving.flying.values());
  }

  async #detail(id) {
    if (!this.store.units.get(id).is_translatable) {
      this.detail = NOTHING;
      this.#showPanel();
      return;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, REST_MS);
    });
    if (this.current !== id) return;
    let found;
    try {
      found = await this.api.unit(id);
    } catch (error) {
      if (error instanceof Problem) return;
      throw error;
    }
    const { comments, history: past, why, matches, terms, ...unit } = found;
    this.store.take([unit]);
    if (this.current !== id) return;
    this.detail = { comments, history: past, why, matches, terms, version: unit.version };
    this.#showPanel();
  }

  #showPanel() {
    const { unit } = this;
    if (unit) this.panel.show(unit, this.detail);
  }

  // Take the unit at a place of the list in hand, with the caret at its end.
  async take(index) {
    if (index < 0 || index >= this.source.count) {
      say("There is no further unit");
      return;
    }
    const { source } = this;
    if (!source.at(index)) {
      this.list.show(index, "middle");
      await this.#load(index);
      if (this.source !== source || !source.at(index)) return;
    }
    this.list.show(index);
    const unit = source.at(index);
    const text = this.list.row(index)?.querySelector("[data-edit]");
    this.enter(unit.unit_id);
    if (!text) return;
    text.focus({ preventScroll: true });
    if (this.cell) selectEnd(text);
    this.list.show(index);
  }

  step(by) {
    const index = this.unit ? this.source.indexOf(this.unit) : by > 0 ? -1 : 0;
    return this.take(index + by);
  }

  // To a place of the document; the filter is given up where it hides it.
  async goTo(position) {
    const known = [...this.store.units.values()].find((each) => each.position === position);
    if (!this.source.isWhole && (!known || this.source.indexOf(known) < 0)) {
      this.filters.choose({ verification_state: "", stage: "", finding: "", origin: "", q: "" });
    }
    await this.take(this.source.isWhole ? position : this.source.indexOf(known));
  }

  async askNumber() {
    const number = await askNumber(this.page.total);
    if (number) await this.goTo(number - 1);
    else this.focusCurrent();
  }

  focusCurrent() {
    if (!this.unit) return;
    const index = this.source.indexOf(this.unit);
    if (index < 0) return;
    this.list.show(index);
    const text = this.list.row(index)?.querySelector("[data-edit]");
    text?.focus({ preventScroll: true });
    if (this.cell && this.caret) select(text, ...this.caret);
  }

  // Where the caret stood, for when the text gets the focus back.
  keepCaret() {
    this.caret = this.cell && places(this.cell.element);
  }

  async nextOwed() {
    const from = this.unit?.position ?? -1;
    if (!this.source.isWhole) {
      for (let index = this.source.indexOf(this.unit ?? {}) + 1; ; index++) {
        await this.#load(index);
        this.#grown();
        if (index >= this.source.count) break;
        if (isOwed(this.source.at(index))) {
          await this.take(index);
          return;
        }
      }
      say("No further unit of this list waits");
      return;
    }
    const found = await tried(() => this.owed.after(from));
    if (found && found.unit_id !== this.current) await this.take(found.position);
    else if (found === null || found)
      say(found ? "Only this unit waits" : "No unit waits any more. The review can be finished.");
  }

  // --- Writing ---------------------------------------------------------------------------------
  edited(cell) {
    const { unit } = cell;
    this.noted = null;
    this.saving.edited(this.store.units.get(unit.unit_id) ?? unit, cell.text);
    this.check(cell);
  }

  async #check(cell) {
    const { unit } = cell;
    this.checking?.abort();
    this.checking = new AbortController();
    try {
      const found = await this.api.post(
        "/review/check",
        { unit_id: unit.unit_id, target: cell.text },
        { signal: this.checking.signal },
      );
      if (this.saving.get(unit.unit_id)) this.checked.set(unit.unit_id, found.findings);
      this.refresh(unit.unit_id);
    } catch (error) {
      if (!(error instanceof Problem) && error.name !== "AbortError") throw error;
    }
  }

  async confirm() {
    const { unit, cell } = this;
    if (!unit || !this.canEdit(unit)) return false;
    if (cell && !cell.text.trim() && unit.source.trim()) {
      say("An empty translation cannot be confirmed");
      return false;
    }
    if (cell && missing(unit.source, cell.text, unit.tags).some((each) => each.isNeeded)) {
      this.noted = {
        id: unit.unit_id,
        text: "Not confirmed: without its tags the document would be broken. Insert them first.",
      };
      say(this.noted.text);
      this.refresh(unit.unit_id);
      return false;
    }
    const saved = this.saving.save(unit, { stage: "reviewed", propagate: this.panel.isPropagating });
    saved.then((done) => {
      if (done) say(`Unit ${unit.position + 1} confirmed`);
    });
    // Already counted as done here: the next one that waits is another.
    this.store.units.set(unit.unit_id, { ...unit, verification_state: "human_verified" });
    saved.then((done) => {
      if (!done && this.store.units.get(unit.unit_id)?.version === unit.version) this.store.take([unit]);
    });
    return true;
  }

  async resolve(id, target, stage) {
    const done = await this.saving.resolve(id, target, stage);
    const cell = this.rows.cells.get(id);
    if (done && cell) cell.show(done.target ?? "");
  }

  insert(text) {
    if (!this.cell) return;
    this.cell.insert(text);
    this.cell.element.focus({ preventScroll: true });
  }

  #taken(answer) {
    const id = answer.unit.unit_id;
    if (!this.saving.get(id)) this.checked.delete(id);
    this.store.take([answer.unit, ...(answer.propagated ?? [])]);
    if (answer.propagated?.length) say(`The same said in ${plural(answer.propagated.length, "other unit")}`);
    if (answer.pending_units !== undefined && this.review.counts_by_state) {
      this.review.pending_units = answer.pending_units;
      this.filters.counts(this.review, this.page.total);
    }
    this.#recountSoon();
    if (id === this.current) this.#detail(id);
  }

  // An answer to something else than a save that changed the unit.
  took(answer) {
    const id = answer.unit.unit_id;
    this.#taken(answer);
    this.rows.cells.get(id)?.show(answer.unit.target ?? "");
  }

  // The unit as the server has it now.
  async again(id) {
    this.#recountSoon();
    if (id === this.current) {
      await this.#detail(id);
      return;
    }
    const found = await tried(() => this.api.unit(id));
    if (found) this.store.take([found]);
  }

  async comment(id, text) {
    const done = await tried(() => this.api.post("/review/comments", { unit_id: id, text }));
    if (!done) return false;
    const unit = this.store.units.get(id);
    this.store.take([{ ...unit, comment_count: unit.comment_count + 1 }]);
    if (this.current === id) await this.#detail(id);
    say("Comment written");
    return true;
  }

  // --- Counts ----------------------------------------------------------------------------------
  async recount() {
    clearTimeout(this.recounting);
    const began = performance.now();
    let found;
    try {
      found = await this.api.review();
    } catch (error) {
      if (error instanceof Problem) return;
      throw error;
    }
    this.recountMs = performance.now() - began;
    const couldEdit = this.isEditable;
    this.review = { reviewers: [], ...found };
    this.filters.counts(found, this.page.total);
    document.dispatchEvent(new CustomEvent("review:counted", { detail: this.review }));
    if (this.isEditable) this.presence.begin();
    else this.presence.end();
    if (couldEdit !== this.isEditable) this.remakeAll();
  }

  // All counts anew, once saves have ceased; the longer that takes the server, the later.
  #recountSoon() {
    clearTimeout(this.recounting);
    this.recounting = setTimeout(() => this.recount(), Math.max(400, 10 * (this.recountMs ?? 0)));
  }
}

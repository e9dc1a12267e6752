// The units that the browser has, and the lists of them: all of the document, or those that a filter lets through.

export const PAGE = 200;
const OWED = ["blocked", "needs_review"];

export const isOwed = (unit) => unit.is_translatable && OWED.includes(unit.verification_state);

export class Store extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.units = new Map();
  }

  // Keep what the server said; a unit older than what is known changes nothing. Tells whom it concerns: "unit".
  take(units) {
    for (const unit of units) {
      const known = this.units.get(unit.unit_id);
      if (known && known.version > unit.version) continue;
      this.units.set(unit.unit_id, { ...known, ...unit });
      this.dispatchEvent(new CustomEvent("unit", { detail: unit.unit_id }));
    }
  }

  alike(unit) {
    if (!unit.repeat_key) return [];
    return [...this.units.values()].filter(
      (each) => each.repeat_key === unit.repeat_key && each.unit_id !== unit.unit_id,
    );
  }
}

// All units of the document, in pages that are fetched when they come into sight and are kept.
export class WholeList {
  constructor(store, total, cursors) {
    this.store = store;
    this.count = total;
    this.isWhole = true;
    this.cursors = cursors; // behind the last unit of each page
    this.ids = new Array(total);
    this.pages = new Map();
  }

  at(index) {
    return this.store.units.get(this.ids[index]);
  }

  indexOf(unit) {
    return unit.position;
  }

  // Resolves once the unit at the place is there.
  load(index) {
    const number = Math.floor(index / PAGE);
    if (!this.pages.has(number)) {
      const asked = this.#fetch(number);
      this.pages.set(number, asked);
      asked.catch(() => this.pages.delete(number));
    }
    return this.pages.get(number);
  }

  async #fetch(number) {
    const cursor = number ? this.cursors[number - 1] : undefined;
    const { items } = await this.store.api.units({ limit: PAGE, cursor });
    items.forEach((unit, i) => {
      this.ids[number * PAGE + i] = unit.unit_id;
    });
    this.store.take(items);
  }
}

// What a filter lets through: its pages follow one another, so it grows towards its end.
export class FilteredList {
  constructor(store, filter) {
    this.store = store;
    this.filter = filter;
    this.isWhole = false;
    this.ids = [];
    this.cursor = undefined;
    this.isComplete = false;
    this.loading = null;
  }

  get count() {
    return this.ids.length;
  }

  at(index) {
    return this.store.units.get(this.ids[index]);
  }

  indexOf(unit) {
    return this.ids.indexOf(unit.unit_id);
  }

  async load(index) {
    while (index >= this.ids.length && !this.isComplete) await this.more();
  }

  more() {
    this.loading ??= this.#fetch().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  async #fetch() {
    const { items, next_cursor: next } = await this.store.api.units({
      ...this.filter,
      limit: PAGE,
      cursor: this.cursor,
    });
    this.cursor = next;
    this.isComplete = !next;
    this.ids.push(...items.map((each) => each.unit_id));
    this.store.take(items);
  }
}

// Where the units are that still wait for a person, found ahead of where the person works.
export class Owed {
  constructor(store) {
    this.store = store;
    this.restart();
  }

  restart() {
    this.scans = OWED.map((state) => ({ state, cursor: undefined, reached: -1, isComplete: false }));
  }

  // The first unit behind `position` that waits; from the document's beginning when none is left behind it.
  async after(position) {
    return (await this.#next(position)) ?? (await this.#next(-1));
  }

  async #next(position) {
    for (;;) {
      const open = this.scans.filter((each) => !each.isComplete);
      const reached = Math.min(...open.map((each) => each.reached)); // Infinity when all is known
      let found = null;
      for (const unit of this.store.units.values()) {
        if (unit.position > position && isOwed(unit) && (!found || unit.position < found.position)) found = unit;
      }
      if (found && found.position <= reached) return found;
      if (!open.length) return found;
      await this.#scan(open.find((each) => each.reached === reached));
    }
  }

  async #scan(scan) {
    const { items, next_cursor: next } = await this.store.api.units({
      verification_state: scan.state,
      limit: PAGE,
      cursor: scan.cursor,
    });
    this.store.take(items);
    scan.cursor = next;
    scan.isComplete = !next;
    scan.reached = items.at(-1)?.position ?? scan.reached;
  }
}

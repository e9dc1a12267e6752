// Who else is at which unit: said every ten seconds and on entering a unit.
import { Problem } from "./api.js";

const EVERY_MS = 10_000;

export class Presence extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.others = new Map(); // unit id → names
    this.unitId = null;
    this.isOn = false;
  }

  begin() {
    if (this.isOn) return;
    this.isOn = true;
    this.timer = setInterval(() => {
      if (document.visibilityState === "visible") this.#say();
    }, EVERY_MS);
    this.#say();
  }

  end() {
    this.isOn = false;
    clearInterval(this.timer);
  }

  enter(unitId) {
    if (this.unitId === unitId) return;
    this.unitId = unitId;
    if (this.isOn) this.#say();
  }

  at(unitId) {
    return this.others.get(unitId) ?? [];
  }

  async #say() {
    let found;
    try {
      found = await this.api.post("/review/presence", { unit_id: this.unitId });
    } catch (error) {
      if (error instanceof Problem) return; // said again in ten seconds
      throw error;
    }
    const before = this.others;
    this.others = new Map();
    for (const { unit_id: id, name } of found.others)
      if (id) this.others.set(id, [...(this.others.get(id) ?? []), name]);
    for (const id of new Set([...before.keys(), ...this.others.keys()])) {
      if (String(before.get(id)) !== String(this.others.get(id)))
        this.dispatchEvent(new CustomEvent("moved", { detail: id }));
    }
  }
}

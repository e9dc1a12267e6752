// What a translator wrote, until the server has it. Each text is kept in the browser from the first key on, by job, unit and
// version; it is sent when the unit is left or confirmed, and again, ever more slowly, while the server cannot be reached.
import { Problem } from "./api.js";
import { calmly } from "./dom.js";

const SLOWEST_S = 60;

export class Saving extends EventTarget {
  // `taken(answer)` hears of each answer of the server to a save.
  constructor(api, jobId, taken) {
    super();
    this.api = api;
    this.prefix = `dragoman.review.${jobId}.`;
    this.taken = taken;
    this.drafts = new Map(); // unit id → {target, version, base, stage, propagate, status, message, theirs}; `base` is the text written over
    this.flying = new Map(); // unit id → the save under way
    this.shown = new Map(); // unit id → "saved", for a moment
    this.wait_s = 1;
    this.timer = 0;
    this.isKept = true;
    this.keep = calmly(300, (id) => this.#keep(id));
    this.#restore();
    addEventListener("online", () => this.retry());
  }

  get(id) {
    return this.drafts.get(id);
  }

  // Texts that the server does not have because it could not be asked.
  get unsent() {
    return [...this.drafts.values()].filter((each) => each.status === "failed");
  }

  // Ids of units whose text waits for a person: refused, or in conflict with somebody else's.
  get disputed() {
    return [...this.drafts].filter(([, each]) => ["refused", "conflict"].includes(each.status)).map(([id]) => id);
  }

  // The text as it now reads; `version` is that of the unit it was written over.
  edited(unit, target) {
    const known = this.drafts.get(unit.unit_id);
    if (target === (unit.target ?? "") && !this.flying.has(unit.unit_id)) {
      this.#forget(unit.unit_id);
    } else {
      this.drafts.set(unit.unit_id, {
        target,
        version: known?.theirs ? known.version : unit.version,
        base: known?.theirs ? known.base : unit.target,
        stage: "draft",
        status: known?.theirs ? "conflict" : "edited",
        theirs: known?.theirs,
      });
      this.keep(unit.unit_id);
    }
    this.shown.delete(unit.unit_id);
    this.#told(unit.unit_id);
  }

  // Send the text, and confirm it where `stage` says more than draft. Resolves to the server's unit, or null.
  async save(unit, { stage = "draft", propagate = true } = {}) {
    const id = unit.unit_id;
    const draft = this.drafts.get(id);
    if (draft?.status === "conflict") return null; // a person must choose first
    if (!draft && stage === "draft") return unit;
    this.drafts.set(id, {
      target: draft?.target ?? unit.target ?? "",
      version: draft?.version ?? unit.version,
      base: draft ? draft.base : unit.target,
      stage,
      propagate,
      status: "edited",
    });
    this.keep.now();
    this.#keep(id);
    return this.#send(id);
  }

  // Choose in a conflict: the text that shall stand, over their version; null takes theirs.
  async resolve(id, target, stage) {
    const draft = this.drafts.get(id);
    if (!draft?.theirs) return null;
    if (target === null || target === (draft.theirs.target ?? "")) {
      const { theirs } = draft;
      this.#forget(id);
      this.taken({ unit: theirs });
      this.#told(id);
      if (target === null || stage === "draft") return theirs;
      return this.save(theirs, { stage });
    }
    this.drafts.set(id, {
      target,
      version: draft.theirs.version,
      base: draft.theirs.target,
      stage,
      propagate: draft.propagate,
      status: "edited",
    });
    return this.#send(id);
  }

  retry() {
    clearTimeout(this.timer);
    this.timer = 0;
    for (const [id, draft] of this.drafts) if (draft.status === "failed") this.#send(id);
  }

  // The page goes: what is being written is kept, and sent if the browser still does it.
  leave() {
    this.keep.now();
    for (const [id, draft] of this.drafts) {
      if (draft.status === "edited" && !this.flying.has(id))
        this.api.edit(id, draft.version, { target: draft.target, state: draft.stage }, true).catch(() => {});
    }
  }

  async #send(id) {
    const before = this.flying.get(id);
    if (before) await before;
    const draft = this.drafts.get(id);
    if (!draft || draft.status === "conflict") return null;
    const sending = this.#ask(id, draft);
    this.flying.set(id, sending);
    try {
      return await sending;
    } finally {
      if (this.flying.get(id) === sending) this.flying.delete(id);
    }
  }

  async #ask(id, draft) {
    draft.status = "saving";
    this.#told(id);
    try {
      const answer = await this.api.edit(id, draft.version, {
        target: draft.target,
        state: draft.stage,
        propagate: draft.propagate ?? true,
      });
      this.wait_s = 1;
      const now = this.drafts.get(id);
      if (now === draft) {
        this.#forget(id);
        this.shown.set(id, "saved");
        setTimeout(() => {
          if (this.shown.delete(id)) this.#told(id);
        }, 4000);
      } else if (now) Object.assign(now, { version: answer.unit.version, base: answer.unit.target }); // was written further meanwhile
      this.taken(answer);
      this.#told(id);
      return answer.unit;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#refused(id, draft, error);
      return null;
    }
  }

  #refused(id, draft, problem) {
    const now = this.drafts.get(id) ?? draft;
    if (problem.status === 412 && problem.body.current) {
      const theirs = problem.body.current;
      if (theirs.target === now.target) {
        this.#agreed(id, now, theirs);
        return;
      }
      // A comment, or a finding dismissed, made the version: the text is the one that was written over.
      if (theirs.target === now.base) {
        now.version = theirs.version;
        this.taken({ unit: theirs });
        setTimeout(() => this.#send(id));
        return;
      }
      Object.assign(now, { status: "conflict", theirs, wanted: draft.stage });
      this.dispatchEvent(new CustomEvent("conflict", { detail: id }));
    } else if (problem.isPassing || problem.status === 401 || problem.status === 403) {
      Object.assign(now, {
        status: "failed",
        isOut: !problem.isPassing,
        message: problem.status === 401 ? "You are signed out: sign in in another tab." : problem.message,
      });
      if (problem.isPassing) this.#again();
    } else {
      Object.assign(now, { status: "refused", message: problem.message });
    }
    this.#keep(id);
    this.#told(id);
  }

  // Somebody else wrote the very same text: only what this person says beyond it is left to send.
  #agreed(id, draft, theirs) {
    this.taken({ unit: theirs });
    if (draft.stage === "draft") this.#forget(id);
    else {
      draft.version = theirs.version;
      setTimeout(() => this.#send(id));
    }
    this.#told(id);
  }

  #again() {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.retry();
    }, this.wait_s * 1000);
    this.wait_s = Math.min(SLOWEST_S, this.wait_s * 2);
  }

  #told(id) {
    this.dispatchEvent(new CustomEvent("draft", { detail: id }));
  }

  #forget(id) {
    const draft = this.drafts.get(id);
    this.drafts.delete(id);
    if (draft)
      this.#each((key, unit) => {
        if (unit === id) localStorage.removeItem(key);
      });
  }

  #keep(id) {
    const draft = this.drafts.get(id);
    if (!draft) return;
    const { target, version, base, stage, propagate } = draft;
    try {
      this.#each((key, unit, of) => {
        if (unit === id && of !== version) localStorage.removeItem(key);
      });
      localStorage.setItem(`${this.prefix}${version}.${id}`, JSON.stringify({ target, base, stage, propagate }));
      this.isKept = true;
    } catch {
      this.isKept = false; /* storage is off or full: leaving the page asks first */
    }
  }

  #restore() {
    this.#each((key, id, version) => {
      try {
        this.drafts.set(id, {
          ...JSON.parse(localStorage.getItem(key)),
          version,
          status: "failed",
          message: "It was kept in this browser.",
        });
      } catch {
        localStorage.removeItem(key);
      }
    });
  }

  #each(use) {
    try {
      for (const key of Object.keys(localStorage)) {
        const [, version, id] = key.startsWith(this.prefix)
          ? (/^(\d+)\.(.*)$/s.exec(key.slice(this.prefix.length)) ?? [])
          : [];
        if (id !== undefined) use(key, id, Number(version));
      }
    } catch {
      /* storage is off */
    }
  }
}

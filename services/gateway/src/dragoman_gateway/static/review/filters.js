// Which units are listed, how many there are of each kind, and how much is left.
import { byId, calmly, h } from "./dom.js";
import { ORIGINS, SOURCES, STAGES, STATES } from "./words.js";

const NAMES = ["verification_state", "stage", "finding", "origin", "q"];

export class Filters {
  // `changed(filter)` hears of each choice; null is the whole document.
  constructor(changed) {
    this.changed = changed;
    this.form = byId("filters");
    const asked = new URLSearchParams(location.search);
    this.filter = Object.fromEntries(NAMES.map((name) => [name, asked.get(name) ?? ""]));
    this.#option("stage", STAGES);
    this.#option("origin", { ...SOURCES, ...ORIGINS });
    for (const name of NAMES) if (this.form.elements[name]) this.form.elements[name].value = this.filter[name];
    const soon = calmly(250, () => this.#read());
    this.form.addEventListener("input", (event) => {
      if (event.target.name === "q" && !event.isComposing) soon();
    });
    this.form.addEventListener("change", (event) => {
      if (event.target.name !== "q") this.#read();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      soon.now();
      this.#read();
    });
    byId("states").addEventListener("click", (event) => {
      const chip = event.target.closest("[data-state]");
      if (chip) this.choose({ verification_state: chip.dataset.state });
    });
    byId("clear-filters").addEventListener("click", () =>
      this.choose(Object.fromEntries(NAMES.map((name) => [name, ""]))),
    );
    this.#show();
  }

  get asked() {
    const said = Object.entries(this.filter).filter(([, value]) => value);
    return said.length ? Object.fromEntries(said) : null;
  }

  get words() {
    return this.filter.q;
  }

  choose(changes) {
    Object.assign(this.filter, changes);
    for (const name of NAMES) if (this.form.elements[name]) this.form.elements[name].value = this.filter[name];
    const url = new URL(location.href);
    for (const name of [...NAMES, "cursor"]) url.searchParams.delete(name);
    for (const [name, value] of Object.entries(this.asked ?? {})) url.searchParams.set(name, value);
    history.replaceState(history.state, "", url);
    this.#show();
    this.changed(this.asked);
  }

  // What GET /review says.
  counts(review, total) {
    this.review = review;
    this.total = total;
    const codes = Object.entries(review.findings_by_code ?? {}).sort(([a], [b]) => a.localeCompare(b));
    const chosen = this.filter.finding;
    this.#fillSelect(
      "finding",
      "Any finding",
      codes.map(([code, count]) => [code, `${code} (${count.toLocaleString("en")})`]),
    );
    if (chosen && !codes.some(([code]) => code === chosen))
      this.form.elements.finding.append(new Option(chosen, chosen));
    this.form.elements.finding.value = chosen;
    this.#fillSelect(
      "stage",
      "Any stage",
      Object.entries(STAGES).map(([key, text]) => [
        key,
        `${text} (${(review.counts_by_stage?.[key] ?? 0).toLocaleString("en")})`,
      ]),
    );
    this.form.elements.stage.value = this.filter.stage;
    this.#show();
    const states = review.counts_by_state ?? {};
    const toDo = Object.entries(states).reduce(
      (sum, [key, count]) => (key === "left_as_is" ? sum : sum + count),
      0,
    );
    const left = review.pending_units;
    byId("left").textContent = left
      ? `${left.toLocaleString("en")} of ${toDo.toLocaleString("en")} units wait`
      : "Nothing waits";
    const bar = byId("left-bar");
    bar.max = Math.max(1, toDo);
    bar.value = toDo ? toDo - left : 1;
    bar.className = left ? "tone-active" : "tone-good";
  }

  #read() {
    this.choose(
      Object.fromEntries(
        NAMES.filter((name) => this.form.elements[name]).map((name) => [
          name,
          this.form.elements[name].value.trim(),
        ]),
      ),
    );
  }

  #option(name, words) {
    this.#fillSelect(name, `Any ${name}`, Object.entries(words));
  }

  #fillSelect(name, any, entries) {
    const select = this.form.elements[name];
    if (document.activeElement === select) return; // not under a person's hands
    select.replaceChildren(new Option(any, ""), ...entries.map(([value, text]) => new Option(text, value)));
  }

  #show() {
    const counts = this.review?.counts_by_state ?? {};
    const all = this.total ?? 0;
    const chips = [
      ["", "All", all],
      ...Object.entries(STATES).map(([key, { text }]) => [key, text, counts[key] ?? 0]),
    ];
    const focused = document.activeElement?.dataset?.state;
    byId("states").replaceChildren(
      ...chips
        .filter(([key, , count]) => !key || count || key === this.filter.verification_state)
        .map(([key, text, count]) =>
          h(
            "button",
            {
              type: "button",
              class: "chip",
              "data-state": key,
              "aria-pressed": String(key === this.filter.verification_state),
            },
            text,
            h("span", { class: "count" }, count.toLocaleString("en")),
          ),
        ),
    );
    if (focused !== undefined) byId("states").querySelector(`[data-state="${focused}"]`)?.focus();
    byId("clear-filters").hidden = !this.asked;
  }
}

// One row of the list: number, source, target, and how the unit stands.
import { badge, h, icon } from "./dom.js";
import { Cell } from "./cell.js";
import { describe, fill, missing } from "./segment.js";
import { ORIGINS, STAGES, STATES, TONES } from "./words.js";

export class Rows {
  // `desk`: what rows ask for: locales, drafts, presence, selection, editing.
  constructor(desk) {
    this.desk = desk;
    this.cells = new Map(); // unit id → Cell of the rows that exist
  }

  waiting(index) {
    return h(
      "div",
      { class: "row waiting", role: "row", "aria-rowindex": index + 2, "aria-busy": "true" },
      h("div", { class: "no num quiet", role: "rowheader" }, index + 1),
      h(
        "div",
        { class: "source", role: "cell" },
        h("span", { class: "visually-hidden" }, "Loading"),
        h("span", { class: "bone", "aria-hidden": "true" }),
      ),
      h("div", { class: "target", role: "cell" }, h("span", { class: "bone", "aria-hidden": "true" })),
      h("div", { class: "state", role: "cell" }),
    );
  }

  make(unit, index) {
    const { source, target } = this.desk.locales;
    const number = unit.position + 1;
    const text = h("div", { class: "text", lang: source.tag, dir: source.dir });
    fill(text, unit.source, unit.tags);
    const canEdit = this.desk.isEditable && unit.is_translatable;
    const edit = h("div", {
      class: "text edit",
      lang: target.tag,
      dir: target.dir,
      "data-edit": unit.unit_id,
      id: `edit-${number}`,
      role: canEdit ? "textbox" : undefined,
      "aria-multiline": canEdit ? "true" : undefined,
      spellcheck: canEdit ? "true" : undefined,
      "aria-label": canEdit ? `Translation of unit ${number}` : undefined,
      "aria-describedby": canEdit ? `below-${number}` : undefined,
      tabindex: canEdit ? undefined : "-1",
    });
    const row = h(
      "div",
      { class: "row", role: "row", "aria-rowindex": index + 2, "data-unit": unit.unit_id, id: `unit-${number}` },
      h(
        "div",
        { class: "no", role: "rowheader" },
        h(
          "label",
          { class: "pick" },
          h("input", { type: "checkbox", "data-pick": unit.unit_id, "aria-label": `Choose unit ${number}` }),
          h("span", { class: "num" }, number),
        ),
      ),
      h("div", { class: "source", role: "cell" }, text),
      h("div", { class: "target", role: "cell" }, edit, h("div", { class: "below", id: `below-${number}` })),
      h("div", { class: "state", role: "cell" }),
    );
    if (canEdit)
      this.cells.set(unit.unit_id, new Cell(edit, unit, this.desk.textOf(unit), (cell) => this.desk.edited(cell)));
    else if (unit.target === null)
      edit.append(
        h(
          "span",
          { class: "quiet", lang: "en", dir: "ltr" },
          unit.is_translatable ? "not translated yet" : "left as it is",
        ),
      );
    else fill(edit, unit.target, unit.tags);
    this.update(row, unit);
    return row;
  }

  gone(row) {
    const cell = this.cells.get(row.dataset.unit);
    if (cell && row.contains(cell.element)) this.cells.delete(row.dataset.unit);
  }

  // Everything around the text; the text too, unless somebody is at it.
  update(row, unit) {
    const { desk } = this;
    const isCurrent = desk.current === unit.unit_id;
    const saved = desk.savedState(unit.unit_id);
    row.classList.toggle("current", isCurrent);
    row.toggleAttribute("aria-current", isCurrent);
    if (isCurrent) row.setAttribute("aria-current", "true");
    row.querySelector("[data-pick]").checked = desk.picked.has(unit.unit_id);
    row.classList.toggle("picked", desk.picked.has(unit.unit_id));
    const cell = this.cells.get(unit.unit_id);
    if (cell) {
      cell.unit = unit;
      if (!desk.isDirty(unit.unit_id)) cell.show(desk.textOf(unit));
    }
    row.querySelector(".below").replaceChildren(...this.#below(unit, cell, saved, isCurrent));
    row.querySelector(".state").replaceChildren(...this.#state(unit));
    desk.marked(unit);
  }

  #below(unit, cell, saved, isCurrent) {
    const { desk } = this;
    const parts = [];
    const lost = cell ? missing(unit.source, cell.text, unit.tags) : [];
    if (lost.length && (isCurrent || unit.target !== null)) {
      parts.push(
        h(
          "p",
          { class: "lost" },
          h("span", { class: "quiet" }, lost.some((each) => each.isNeeded) ? "Tags missing:" : "Tags left out:"),
          lost.map(({ token }) =>
            h(
              "button",
              {
                class: "tag-button",
                type: "button",
                "data-insert": token,
                "aria-label": `Insert ${describe(token, unit.tags)}`,
              },
              token,
            ),
          ),
        ),
      );
    }
    const findings = desk.findingsOf(unit).filter((each) => !each.dismissed_reason);
    if (findings.length) {
      parts.push(
        h(
          "ul",
          { class: "findings" },
          findings.map((each) =>
            h(
              "li",
              { class: `tone-${TONES[each.severity] ?? "quiet"}` },
              icon("warning"),
              h("span", {}, each.message),
            ),
          ),
        ),
      );
    }
    const here = desk.othersAt(unit.unit_id);
    if (here.length)
      parts.push(
        h("p", { class: "here" }, icon("person"), `${here.join(", ")} ${here.length === 1 ? "is" : "are"} here`),
      );
    if (saved) {
      parts.push(
        h(
          "p",
          { class: `saved saved-${saved.status}` },
          saved.text,
          saved.status === "conflict" &&
            h(
              "button",
              { class: "button small", type: "button", "data-resolve": unit.unit_id },
              "Compare and choose",
            ),
        ),
      );
    }
    if (unit.max_length_chars && cell) {
      const length = [...cell.text.replace(/<\/?\d+\/?>/g, "")].length;
      if (isCurrent || length > unit.max_length_chars)
        parts.push(
          h(
            "p",
            { class: `small num ${length > unit.max_length_chars ? "over" : "quiet"}` },
            `${length} of ${unit.max_length_chars} characters`,
          ),
        );
    }
    return parts;
  }

  #state(unit) {
    const { text, ...look } = STATES[unit.verification_state] ?? STATES.pending;
    const parts = [badge({ ...look, text: unit.verification_state === "human_verified" ? "Verified" : text })];
    const words = [];
    if (unit.is_translatable && unit.stage && unit.target !== null) words.push(STAGES[unit.stage]);
    if (unit.origin) words.push(ORIGINS[unit.origin]);
    if (unit.edited_by_name) words.push(unit.edited_by_name);
    if (words.length) parts.push(h("span", { class: "sub" }, words.join(" · ")));
    const others = [];
    if (unit.comment_count) others.push(`${unit.comment_count} comment${unit.comment_count === 1 ? "" : "s"}`);
    const assignee = this.desk.nameOf(unit.assignee_id);
    if (assignee) others.push(`for ${assignee}`);
    if (others.length) parts.push(h("span", { class: "sub" }, others.join(" · ")));
    return parts;
  }
}

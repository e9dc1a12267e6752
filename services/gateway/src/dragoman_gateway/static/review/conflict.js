// Two people changed one unit: both texts side by side, and a choice.
import { byId, h } from "./dom.js";
import { differences } from "./diff.js";
import { Cell } from "./cell.js";

export class Conflict {
  constructor(desk) {
    this.desk = desk;
    this.dialog = byId("dialog-conflict");
    this.dialog.addEventListener("click", (event) => {
      const choice = event.target.closest("button")?.dataset.choice;
      if (choice) this.#choose(choice);
    });
    this.dialog.addEventListener("close", () => this.desk.focusCurrent());
  }

  open(unitId) {
    const draft = this.desk.saving.get(unitId);
    const unit = this.desk.store.units.get(unitId);
    if (!draft?.theirs || !unit || document.querySelector("dialog[open]")) return;
    this.unitId = unitId;
    const { theirs } = draft;
    const { tag, dir } = this.desk.locales.target;
    byId("conflict-who").textContent =
      `${theirs.edited_by_name || "Somebody else"} saved another text of unit ${unit.position + 1} while you wrote.`;
    const show = (id, nodes) => {
      Object.assign(byId(id), { lang: tag, dir });
      byId(id).replaceChildren(...nodes);
    };
    show("conflict-theirs", [theirs.target ?? ""]);
    show("conflict-mine", differences(theirs.target ?? "", draft.target));
    const merged = h("div", {
      class: "text edit",
      lang: tag,
      dir,
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": "The merged text",
    });
    byId("conflict-merged").replaceChildren(merged);
    this.cell = new Cell(merged, theirs, draft.target, () => {});
    this.dialog.showModal();
  }

  #choose(choice) {
    const draft = this.desk.saving.get(this.unitId);
    const target = { mine: draft?.target, theirs: null, merged: this.cell.text }[choice];
    this.dialog.close();
    if (draft) this.desk.resolve(this.unitId, target, draft.wanted ?? "draft");
  }
}

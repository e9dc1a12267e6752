// Texts that the server does not have: the banner above the list, and the words beside each.
import { byId, plural } from "./dom.js";
import { tried } from "./dialogs.js";

// How a text stands, for its row; null where nothing is to be said.
export function savedWords(draft, isCurrent) {
  const words = {
    edited: isCurrent ? "" : "Not saved yet",
    saving: "Saving…",
    refused: `Not saved: ${draft.message}`,
    failed: `Not saved yet: kept in this browser. ${draft.isOut ? draft.message : ""}`,
    conflict: `${draft.theirs?.edited_by_name || "Somebody else"} saved another text. `,
  };
  return words[draft.status] ? { status: draft.status, text: words[draft.status] } : null;
}

export class Unsent {
  constructor(desk) {
    this.desk = desk;
  }

  show() {
    const { unsent, disputed } = this.desk.saving;
    const one = unsent.length === 1;
    const kept =
      unsent.length &&
      `${plural(unsent.length, "change")} could not be sent and ${one ? "is" : "are"} kept in this browser. ` +
        `Go on working: ${one ? "it is" : "they are"} sent when the server can be reached.`;
    const refused =
      disputed.length &&
      (disputed.length === 1
        ? "1 text is not saved: look at it again."
        : `${disputed.length} texts are not saved: look at them again.`);
    const text = [kept, refused].filter(Boolean).join(" ");
    if (byId("unsent-text").textContent === text) return;
    byId("unsent").hidden = !text;
    byId("unsent-text").textContent = text;
    byId("retry").hidden = !unsent.length;
    byId("unsent-show").hidden = !disputed.length;
  }

  // To the first text that is refused or disputed.
  async goTo() {
    const [id] = this.desk.saving.disputed;
    const unit = this.desk.store.units.get(id) ?? (await tried(() => this.desk.api.unit(id)));
    if (unit) await this.desk.goTo(unit.position);
  }
}

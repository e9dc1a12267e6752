// The review page: puts its pieces together, and wires what is clicked, chosen and focused.
import { client } from "./api.js";
import { actionsOf } from "./actions.js";
import { Again } from "./again.js";
import { Desk } from "./desk.js";
import { byId } from "./dom.js";
import { Keys, printed } from "./keys.js";
import { Exchange, Replacing, people } from "./tools.js";

const root = byId("review");
const { jobId, csrf, total, cursors, source, sourceDir, target, targetDir, admin, editable } = root.dataset;
const page = {
  jobId,
  total: Number(total),
  cursors: JSON.parse(cursors),
  isAdmin: admin === "yes",
  isEditable: editable === "yes",
  jobUrl: `/console/jobs/${jobId}`,
  locales: { source: { tag: source, dir: sourceDir }, target: { tag: target, dir: targetDir } },
};
byId("plain-list").remove();
byId("editor").hidden = false;
root.classList.add("live");

root.classList.toggle("editable", page.isEditable);
const desk = new Desk(client(`/api/v1/jobs/${jobId}`, csrf), page);
let keys = null;
const actions = actionsOf(desk, { replacing: new Replacing(desk), exchange: new Exchange(desk), keys: () => keys });
desk.actions = actions;
desk.retranslations = new Again(desk);
keys = new Keys(actions);

const viewport = byId("viewport");
viewport.addEventListener("focusin", (event) => {
  const text = event.target.closest("[data-edit]");
  if (text) desk.enter(text.dataset.edit);
});
viewport.addEventListener("click", (event) => {
  const row = event.target.closest("[data-unit]");
  const button = event.target.closest("button");
  if (button?.dataset.insert) {
    desk.enter(row.dataset.unit);
    desk.cell?.insertTag(button.dataset.insert);
  } else if (button?.dataset.resolve) desk.conflict.open(button.dataset.resolve);
  // A click on the source or on a text that cannot be edited takes the unit in hand.
  else if (row && !event.target.closest("input, label, .edit[contenteditable]") && getSelection().isCollapsed)
    desk.enter(row.dataset.unit);
});
// Leaving the text, wherever to, saves it; the next row's text does so on entering.
viewport.addEventListener("focusout", (event) => {
  const stays =
    event.relatedTarget?.closest?.("[data-unit]")?.dataset.unit === desk.current ||
    byId("panel").contains(event.relatedTarget);
  if (!event.target.closest("[data-edit]")) return;
  desk.keepCaret();
  if (!stays && document.hasFocus()) desk.leave();
});

let lastPicked = null;
viewport.addEventListener("click", (event) => {
  const box = event.target.closest("[data-pick]");
  if (!box) return;
  const unit = desk.store.units.get(box.dataset.pick);
  const index = desk.source.indexOf(unit);
  // With Shift, from the one that was ticked before: what is loaded of it.
  const [from, to] =
    event.shiftKey && lastPicked !== null
      ? [Math.min(index, lastPicked), Math.max(index, lastPicked)]
      : [index, index];
  for (let i = from; i <= to; i++) {
    const each = desk.source.at(i);
    if (!each) continue;
    if (box.checked) desk.picked.add(each.unit_id);
    else desk.picked.delete(each.unit_id);
    desk.refresh(each.unit_id);
  }
  lastPicked = index;
  document.dispatchEvent(new Event("review:picked"));
});
document.addEventListener("review:picked", () => {
  byId("picked").hidden = !desk.picked.size;
  byId("picked-count").textContent = `${desk.picked.size.toLocaleString("en")} chosen`;
});

// Buttons and the menu's entries name their action.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  const menu = byId("menu");
  if (button) {
    if (menu.contains(button)) menu.open = false;
    actions[button.dataset.action]();
  } else if (menu.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = byId("menu");
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (menu.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (byId("panel").contains(document.activeElement) || document.activeElement === byId("q"))
    desk.focusCurrent();
});
function hints() {
  for (const button of document.querySelectorAll("[data-action]")) {
    const key = keys.hint(button.dataset.action) && printed(keys.hint(button.dataset.action)).join("+");
    if (key) button.title = key;
  }
}
hints();
document.addEventListener("review:keys", hints);

const toggle = byId("panel-toggle");
toggle.addEventListener("click", () => {
  const isOpen = toggle.getAttribute("aria-expanded") === "false";
  toggle.setAttribute("aria-expanded", String(isOpen));
  root.classList.toggle("panel-open", isOpen);
});
byId("unsent-show").addEventListener("click", () => desk.unsent.goTo());
byId("retry").addEventListener("click", () => desk.saving.retry());

document.addEventListener("review:counted", ({ detail: review }) => {
  desk.retranslations.resume(review.retranslations_waiting);
  root.classList.toggle("editable", review.is_editable);
  byId("closed").hidden = review.is_editable;
  byId("closed-text").textContent = review.may_open
    ? "The review is finished. Open it again to change something; the document is made anew then."
    : "The job does not wait for people now: texts can be read, not changed.";
  byId("open").hidden = !review.may_open;
  byId("due").textContent = review.due_at
    ? `Due ${new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(review.due_at))}`
    : "";
  byId("due").classList.toggle("late", Boolean(review.due_at) && new Date(review.due_at) < new Date());
});

addEventListener("pagehide", () => {
  desk.presence.enter(null);
  desk.saving.leave();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") desk.saving.keep.now();
});
addEventListener("beforeunload", (event) => {
  if (!desk.saving.isKept && desk.saving.drafts.size) event.preventDefault();
});

people(desk.api).then((found) => {
  desk.people = found;
  for (const id of desk.store.units.keys()) desk.refresh(id);
});
desk.begin();

// What keys, buttons and menus do.
import { alarm, byId, plural, say } from "./dom.js";
import {
  askAcceptance,
  askAssignee,
  askDismissal,
  askFinish,
  askRetranslation,
  askSchedule,
  showKeys,
  tried,
} from "./dialogs.js";
import { fitted } from "./segment.js";
import { people } from "./tools.js";

export function actionsOf(desk, { replacing, exchange, keys }) {
  const chosen = () => (desk.picked.size ? [...desk.picked] : desk.current ? [desk.current] : []);

  async function accept(which) {
    await desk.settle();
    const done = await tried(() => desk.api.post("/review/accept", which));
    if (!done) return;
    say(
      `${plural(done.accepted_count, "unit")} accepted${done.skipped_count ? `, ${done.skipped_count} left as they are` : ""}`,
    );
    clear();
    await desk.reload();
  }

  function clear() {
    const ids = [...desk.picked];
    desk.picked.clear();
    ids.forEach((id) => desk.refresh(id));
    document.dispatchEvent(new Event("review:picked"));
  }

  const actions = {
    async confirmNext() {
      if (!desk.unit || (await desk.confirm())) await desk.nextOwed();
    },
    async confirmStay() {
      await desk.confirm();
    },
    async confirmFollowing() {
      if (await desk.confirm()) await desk.step(1);
    },
    previous: () => {
      desk.step(-1);
    },
    next: () => {
      desk.step(1);
    },
    nextOwed: () => {
      desk.nextOwed();
    },
    goTo: () => {
      desk.askNumber();
    },
    copySource() {
      if (!desk.cell) return;
      desk.cell.element.focus({ preventScroll: true });
      desk.cell.replace(desk.unit.source);
      say("Source copied");
    },
    insertTag() {
      desk.cell?.insertMissing();
    },
    insertMatch(number) {
      const match = desk.detail?.matches[number - 1];
      if (!match) {
        say(`There is no match ${number}`);
        return;
      }
      if (!desk.cell) return;
      desk.cell.element.focus({ preventScroll: true });
      desk.cell.replace(fitted(match.target, desk.unit.tags));
      say(`Match ${number} inserted`);
    },
    search() {
      const field = byId("q");
      field.focus();
      field.select();
    },
    replace() {
      if (desk.isEditable) replacing.open(String(getSelection()).trim().slice(0, 200) || desk.filters.words);
    },
    async dismiss(index = 0) {
      const { unit } = desk;
      if (!unit || !desk.isEditable) return;
      const findings = desk.findingsOf(unit);
      const live = findings.filter((each) => !each.dismissed_reason);
      if (!live.length) {
        say("There is no finding to dismiss");
        return;
      }
      const said = await askDismissal(live, Math.max(0, live.indexOf(findings[index])));
      if (said) {
        await desk.settle();
        const done = await tried(() =>
          desk.api.post("/review/dismiss", { unit_id: unit.unit_id, code: said.finding.code, reason: said.reason }),
        );
        if (done) {
          say("Finding dismissed");
          desk.checked.delete(unit.unit_id);
          await desk.again(unit.unit_id);
        }
      }
      desk.focusCurrent();
    },
    comment() {
      if (desk.unit) {
        openPanel();
        byId("comment-text").focus();
      }
    },
    async accept() {
      if (!desk.isEditable || !chosen().length) return;
      const isOne = !desk.picked.size;
      if (!isOne) {
        await accept({ unit_ids: chosen() });
        return;
      }
      const { unit } = desk;
      await desk.settle();
      const done = await tried(() => desk.api.post("/review/accept", { unit_ids: [unit.unit_id] }));
      if (!done) return;
      say(
        done.accepted_count
          ? `Unit ${unit.position + 1} accepted`
          : `Unit ${unit.position + 1} cannot be accepted as it is`,
      );
      await desk.again(unit.unit_id);
      if (done.accepted_count) await desk.nextOwed();
    },
    async acceptMany() {
      const which = await askAcceptance(desk.review, desk.picked);
      if (which) await accept(which);
    },
    async undo() {
      const { unit } = desk;
      if (!unit || !desk.isEditable) return;
      await desk.settle();
      const { version } = desk.unit;
      const answer = await tried(() => desk.api.post("/review/undo", { unit_id: unit.unit_id }, { version }));
      if (!answer) return;
      desk.took(answer);
      say("The last change was taken back");
    },
    pick() {
      const { unit } = desk;
      if (!unit) return;
      if (!desk.picked.delete(unit.unit_id)) desk.picked.add(unit.unit_id);
      desk.refresh(unit.unit_id);
      document.dispatchEvent(new Event("review:picked"));
      say(desk.picked.has(unit.unit_id) ? "Chosen" : "No longer chosen");
    },
    panel() {
      if (byId("panel").contains(document.activeElement)) {
        desk.focusCurrent();
        return;
      }
      openPanel();
      byId("panel").focus();
    },
    async finish() {
      if (!desk.isEditable) return;
      await desk.settle();
      if (desk.saving.drafts.size) {
        alarm("Some texts are not saved yet: the review can be finished once they are.");
        return;
      }
      await desk.recount();
      const said = await askFinish(desk.review.pending_units);
      if (!said) {
        desk.focusCurrent();
        return;
      }
      const done = await tried(() => desk.api.post("/review/finish", said));
      if (done) location.assign(desk.page.jobUrl);
      else await desk.recount();
    },
    async open() {
      const done = await tried(() => desk.api.post("/review/open", {}));
      if (done) {
        await desk.recount();
        await desk.nextOwed();
      }
    },
    async schedule() {
      const said = await askSchedule(desk.review, await people(desk.api));
      if (said && (await tried(() => desk.api.send("PUT", "/review", { body: said })))) await desk.recount();
    },
    async assign() {
      const said = await askAssignee(await people(desk.api));
      if (!said) return;
      const ids = chosen();
      if (await tried(() => desk.api.post("/review/assign", { unit_ids: ids, ...said }))) {
        clear();
        ids.forEach((id) => desk.store.take([{ ...desk.store.units.get(id), assignee_id: said.user_id }]));
      }
    },
    async retranslate() {
      const ids = chosen();
      const said = await askRetranslation(ids.length);
      if (!said) return;
      await desk.settle();
      await tried(async () => {
        const asked = await desk.api.post("/units/retranslate", { unit_ids: ids, ...said });
        say("They are being translated again");
        clear();
        desk.retranslations.follow(asked.index);
      });
    },
    files: () => exchange.open(),
    clear,
    help: () => {
      showKeys(keys()).then(() => desk.focusCurrent());
    },
  };
  return actions;
}

function openPanel() {
  const toggle = byId("panel-toggle");
  if (toggle.getAttribute("aria-expanded") === "false") toggle.click();
}

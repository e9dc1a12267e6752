// Dialogs that ask one thing: where to go, why a finding is dismissed, what is accepted, whether the review is finished.
import { alarm, byId, h, plural, say } from "./dom.js";
import { Problem } from "./api.js";
import { ACTIONS, PRESETS, choosePreset, printed } from "./keys.js";
import { SEVERITIES, STATES } from "./words.js";

// Opens a dialog; resolves to its form's fields with the button that sent it, or null where a person turned away.
export function ask(id) {
  const dialog = byId(id);
  const form = dialog.querySelector("form");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        resolve(
          dialog.returnValue
            ? Object.assign(Object.fromEntries(new FormData(form)), { button: dialog.returnValue })
            : null,
        );
      },
      { once: true },
    );
  });
}

// Run what asks the server; a refusal is said, and gives undefined.
export async function tried(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    alarm(error.message);
    return undefined;
  }
}

export async function askNumber(total) {
  const field = byId("go-number");
  field.max = total;
  field.value = "";
  const said = await ask("dialog-go");
  const number = Number(said?.number);
  return said && number >= 1 ? Math.min(number, total) : null;
}

export async function askDismissal(findings, chosen = 0) {
  byId("dismiss-findings").replaceChildren(
    ...findings.map((each, i) =>
      h(
        "label",
        { class: "check" },
        h("input", { type: "radio", name: "index", value: i, checked: i === chosen, required: true }),
        h(
          "span",
          {},
          h("kbd", {}, i + 1),
          ` ${SEVERITIES[each.severity] ?? ""}: ${each.message} `,
          h("span", { class: "code quiet" }, each.code),
        ),
      ),
    ),
  );
  const dialog = byId("dialog-dismiss");
  dialog.querySelector("form").reset();
  // A digit chooses a finding, as long as nobody is writing the reason.
  const digit = (event) => {
    const radio = dialog.querySelectorAll("[name=index]")[Number(event.key) - 1];
    if (radio && event.target.name !== "reason") {
      radio.checked = true;
      byId("dismiss-reason").focus();
      event.preventDefault();
    }
  };
  dialog.addEventListener("keydown", digit);
  const asked = ask("dialog-dismiss");
  if (findings.length === 1) byId("dismiss-reason").focus();
  else dialog.querySelector("[name=index]:checked")?.focus();
  const said = await asked;
  dialog.removeEventListener("keydown", digit);
  return said && { finding: findings[Number(said.index)], reason: said.reason.trim() };
}

export async function askAcceptance(review, picked) {
  const choices = [];
  if (picked.size) choices.push(["picked", `The ${plural(picked.size, "chosen unit")}`]);
  for (const state of ["needs_review", "passed", "blocked"]) {
    const count = review.counts_by_state?.[state];
    if (count)
      choices.push([`state ${state}`, `All that are “${STATES[state].text}” (${count.toLocaleString("en")})`]);
  }
  for (const [code, count] of Object.entries(review.findings_by_code ?? {}))
    choices.push([`finding ${code}`, `All with the finding ${code} (${count.toLocaleString("en")})`]);
  choices.push(["all", "All that wait"]);
  byId("accept-choices").replaceChildren(
    ...choices.map(([value, text], i) =>
      h(
        "label",
        { class: "check" },
        h("input", { type: "radio", name: "which", value, checked: i === 0 }),
        h("span", {}, text),
      ),
    ),
  );
  const said = await ask("dialog-accept");
  if (!said) return null;
  const [kind, value] = said.which.split(/ (.*)/s);
  return {
    picked: { unit_ids: [...picked] },
    state: { verification_state: value },
    finding: { finding: value },
    all: { all: true },
  }[kind];
}

// Null: go on reviewing. Else whether units that wait are taken as they are.
export async function askFinish(pending) {
  byId("finish-text").textContent = pending
    ? `${plural(pending, "unit")} still ${pending === 1 ? "waits" : "wait"} for a person. Taken as they are, they go into the document with the text they have now.`
    : "Every unit has been looked at. The document is put together next.";
  byId("finish-go").hidden = pending > 0;
  byId("finish-as-is").hidden = !pending;
  const said = await ask("dialog-finish");
  return said && { as_they_are: said.button === "as_they_are" };
}

export async function askSchedule(review, people) {
  const due = byId("due-at");
  const local = (when) => new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  due.value = review.due_at ? local(new Date(review.due_at)) : "";
  const known = new Map([...(review.reviewers ?? []), ...people].map((each) => [each.user_id, each.name]));
  const chosen = new Set((review.reviewers ?? []).map((each) => each.user_id));
  byId("reviewers").replaceChildren(
    ...[...known].map(([id, name]) =>
      h(
        "label",
        { class: "check" },
        h("input", { type: "checkbox", value: id, checked: chosen.has(id) }),
        h("bdi", {}, name),
      ),
    ),
  );
  const said = await ask("dialog-due");
  return (
    said && {
      due_at: due.value ? new Date(due.value).toISOString() : null,
      reviewer_ids: [...byId("reviewers").querySelectorAll(":checked")].map((each) => each.value),
    }
  );
}

export async function askAssignee(people) {
  byId("assignee").replaceChildren(
    new Option("Nobody", ""),
    ...people.map((each) => new Option(each.name, each.user_id)),
  );
  const said = await ask("dialog-assign");
  return said && { user_id: said.user_id || null };
}

export async function askRetranslation(count) {
  byId("retranslate-text").textContent =
    `${plural(count, "unit")} will be translated again. The engine is asked anew and paid; texts confirmed meanwhile stay.`;
  const said = await ask("dialog-retranslate");
  return said && { engine: said.engine, model: said.model.trim() || null };
}

// The list of keys, and which set of them is used.
export function showKeys(keys) {
  const select = byId("preset");
  const list = () =>
    byId("key-list").replaceChildren(
      ...ACTIONS.flatMap(([action, words]) => {
        const own = PRESETS[keys.preset].keys[action];
        return own.length
          ? [
              h(
                "dt",
                {},
                own.flatMap((key, i) => [
                  i > 0 && " or ",
                  ...printed(key).flatMap((part, j) => [j > 0 && "+", h("kbd", {}, part)]),
                ]),
              ),
              h("dd", {}, words),
            ]
          : [];
      }),
    );
  select.replaceChildren(
    ...Object.entries(PRESETS).map(([name, each]) => new Option(each.name, name, false, name === keys.preset)),
  );
  select.onchange = () => {
    choosePreset(select.value);
    keys.use(select.value);
    list();
    document.dispatchEvent(new Event("review:keys"));
    say(`Keys of ${PRESETS[select.value].name}`);
  };
  list();
  return ask("dialog-keys");
}

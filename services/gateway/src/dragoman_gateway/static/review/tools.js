// Find and replace with a preview, and files: out for other tools, and back with a report before anything changes.
import { alarm, byId, h, plural, say } from "./dom.js";
import { Problem } from "./api.js";
import { tried } from "./dialogs.js";
import { differences } from "./diff.js";

const MOST_SHOWN = 200;

export class Replacing {
  constructor(desk) {
    this.desk = desk;
    this.dialog = byId("dialog-replace");
    this.form = this.dialog.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.value === "apply") this.#apply();
      else this.#preview();
    });
    this.form.addEventListener("input", (event) => {
      if (!event.target.closest("#replace-changes")) this.#clear();
    });
  }

  open(find) {
    this.#clear();
    if (find) this.form.elements.find.value = find;
    byId("replace-picked").closest("label").hidden = !this.desk.picked.size;
    byId("replace-picked").checked = this.desk.picked.size > 0;
    this.dialog.showModal();
    this.form.elements.find.select();
  }

  #asked(isDry, unitIds) {
    const { find, replace, match_case: matchCase, whole_words: wholeWords } = this.form.elements;
    const ids =
      unitIds ?? (byId("replace-picked").checked && this.desk.picked.size ? [...this.desk.picked] : undefined);
    return {
      find: find.value,
      replace: replace.value,
      match_case: matchCase.checked,
      whole_words: wholeWords.checked,
      dry_run: isDry,
      ...(ids && { unit_ids: ids }),
    };
  }

  async #preview() {
    await this.desk.settle();
    const found = await tried(() => this.desk.api.post("/review/replace", this.#asked(true)));
    if (!found) return;
    this.changes = found.changes;
    const { tag, dir } = this.desk.locales.target;
    byId("replace-count").textContent = found.changes.length
      ? `${plural(found.changes.length, "unit")} would change.`
      : "Nothing is found.";
    byId("replace-changes").replaceChildren(
      ...found.changes.slice(0, MOST_SHOWN).map((each) => {
        const position = this.desk.store.units.get(each.unit_id)?.position;
        return h(
          "li",
          {},
          h(
            "label",
            { class: "check" },
            h("input", { type: "checkbox", value: each.unit_id, checked: true }),
            h(
              "span",
              {},
              position !== undefined && h("span", { class: "num quiet small" }, `${position + 1} `),
              h("span", { lang: tag, dir, class: "text" }, differences(each.before, each.after)),
            ),
          ),
        );
      }),
    );
    if (found.changes.length > MOST_SHOWN)
      byId("replace-changes").append(
        h("li", { class: "quiet" }, `and ${(found.changes.length - MOST_SHOWN).toLocaleString("en")} more`),
      );
    byId("replace-apply").hidden = !found.changes.length;
  }

  async #apply() {
    const left = new Set(
      [...byId("replace-changes").querySelectorAll("input:not(:checked)")].map((each) => each.value),
    );
    const ids = this.changes.map((each) => each.unit_id).filter((id) => !left.has(id));
    if (!ids.length) {
      this.dialog.close();
      return;
    }
    const done = await tried(() => this.desk.api.post("/review/replace", this.#asked(false, ids)));
    if (!done) return;
    this.dialog.close();
    say(`Replaced in ${plural(done.applied_count, "unit")}`);
    await this.desk.reload();
  }

  #clear() {
    this.changes = [];
    byId("replace-count").textContent = "";
    byId("replace-changes").replaceChildren();
    byId("replace-apply").hidden = true;
  }
}

export class Exchange {
  constructor(desk) {
    this.desk = desk;
    this.dialog = byId("dialog-files");
    byId("export-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#export(new FormData(event.target).get("format"));
    });
    byId("import-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#import(event.submitter?.value !== "apply");
    });
    for (const id of ["import-file", "on-conflict"]) byId(id).addEventListener("change", () => this.#clear());
  }

  open() {
    this.#clear();
    byId("import-form").reset();
    byId("export-result").replaceChildren();
    this.dialog.showModal();
  }

  async #export(format) {
    await this.desk.settle();
    const made = await tried(() => this.desk.api.post("/exports", { format }));
    if (!made) return;
    const link = h("a", { href: made.download_url, download: true }, made.file_name);
    byId("export-result").replaceChildren(link);
    link.click();
  }

  async #import(isDry) {
    const file = byId("import-file").files[0];
    if (!file) return;
    const form = new FormData();
    form.append("file", file);
    const report = await tried(() =>
      this.desk.api.send("POST", "/imports", {
        form,
        query: { on_conflict: byId("on-conflict").value, ...(isDry && { dry_run: "true" }) },
      }),
    );
    if (!report) return;
    this.#report(report, isDry);
    if (isDry) return;
    say(`${plural(report.applied, "unit")} changed by the file`);
    byId("import-form").reset();
    await this.desk.reload();
  }

  #report(report, isDry) {
    const { tag, dir } = this.desk.locales.target;
    const list = (heading, items) =>
      items.length &&
      h("div", {}, h("h3", {}, heading), h("ul", { class: "plain-list" }, items.slice(0, MOST_SHOWN)));
    byId("import-report").replaceChildren(
      ...[
        h(
          "p",
          {},
          `${plural(report.applied, "unit")} ${isDry ? "would change" : "changed"}, ${report.unchanged.toLocaleString("en")} stay as they are.`,
        ),
        list(
          "Put right in the file",
          report.repairs.map((each) => h("li", {}, `${each.message} (${each.count.toLocaleString("en")})`)),
        ),
        list(
          `Refused (${report.rejected.length})`,
          report.rejected.map((each) =>
            h(
              "li",
              {},
              h("p", {}, each.reason),
              h(
                "p",
                { class: "small quiet" },
                h("bdi", { class: "code" }, each.place || each.unit),
                " · ",
                h("span", { class: "code" }, each.code),
              ),
            ),
          ),
        ),
        list(
          `Changed here meanwhile (${report.conflicts.length})`,
          report.conflicts.map((each) =>
            h(
              "li",
              {},
              this.#number(each.unit),
              h("span", { lang: tag, dir, class: "text" }, differences(each.ours, each.theirs)),
            ),
          ),
        ),
      ].filter(Boolean),
    );
    byId("import-apply").hidden = !isDry || !report.applied;
  }

  #number(id) {
    const position = this.desk.store.units.get(id)?.position;
    return position === undefined
      ? h("bdi", { class: "code small" }, id)
      : h("span", { class: "num quiet small" }, `${position + 1} `);
  }

  #clear() {
    byId("import-report").replaceChildren();
    byId("import-apply").hidden = true;
  }
}

// The people who may review the job.
export async function people(api) {
  try {
    return (await api.get("/review/people")).items;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    alarm("The list of people cannot be read now.");
    return [];
  }
}

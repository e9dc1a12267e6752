// The details of the unit at hand: findings, matches, terms, repetitions, comments, history, where it stands, and why it
// reads as it does.
import { byId, h, icon, moment, plural } from "./dom.js";
import { differences } from "./diff.js";
import { fill, plain, tagsIn } from "./segment.js";
import { ORIGINS, SEVERITIES, SOURCES, STAGES, TONES } from "./words.js";

export class Panel {
  constructor(desk) {
    this.desk = desk;
    this.root = byId("panel");
    this.isPropagating = true;
    this.unitId = null;
    this.root.addEventListener("click", (event) => this.#click(event));
    this.root.addEventListener("submit", (event) => this.#comment(event));
    this.root.addEventListener("change", (event) => {
      if (event.target.id === "propagate") this.isPropagating = event.target.checked;
    });
  }

  // The unit as the list has it; what only the unit's own answer holds is `detail`, null while it is on its way.
  show(unit, detail) {
    const isOther = this.unitId !== unit.unit_id;
    if (isOther) {
      this.unitId = unit.unit_id;
      this.isPropagating = true;
      byId("comment-text").value = "";
      this.root.scrollTop = 0;
    }
    this.unit = unit;
    this.detail = detail;
    byId("panel-title").textContent = `Unit ${(unit.position + 1).toLocaleString("en")}`;
    byId("panel-place").textContent = [unit.story.replaceAll("_", " "), SOURCES[unit.result_source]]
      .filter(Boolean)
      .join(" · ");
    this.findings(unit);
    this.#part("matches", this.#matches(detail));
    this.#part("terms", this.#terms(detail));
    this.#part("repetitions", this.#repetitions(unit));
    this.#part("comments", this.#comments(detail));
    this.#part("history", this.#history(detail));
    this.#part("why", this.#why(detail));
    this.#part("around", this.#around(unit));
    byId("panel-body").hidden = false;
    byId("panel-empty").hidden = true;
  }

  findings(unit) {
    const found = this.desk.findingsOf(unit);
    const live = found.filter((each) => !each.dismissed_reason).length;
    byId("count-findings").textContent = live || "";
    this.#part(
      "findings",
      found.length
        ? [
            h(
              "ul",
              { class: "plain-list findings-list" },
              found.map((each, i) => this.#finding(each, i)),
            ),
          ]
        : [quiet("Nothing found.")],
    );
  }

  #finding(each, index) {
    const isDismissed = Boolean(each.dismissed_reason);
    return h(
      "li",
      { class: `finding tone-${isDismissed ? "quiet" : (TONES[each.severity] ?? "quiet")}` },
      h(
        "p",
        {},
        icon(isDismissed ? "minus" : "warning"),
        h("span", { class: "visually-hidden" }, `${SEVERITIES[each.severity] ?? ""}: `),
        h("span", {}, each.message),
      ),
      h(
        "p",
        { class: "small quiet" },
        h("span", { class: "code" }, each.code),
        isDismissed && ` · dismissed: ${each.dismissed_reason}`,
      ),
      !isDismissed &&
        this.desk.isEditable &&
        h("button", { type: "button", class: "button small", "data-dismiss-finding": index }, "Dismiss…"),
    );
  }

  #matches(detail) {
    if (!detail) return [quiet("Loading…")];
    if (!detail.matches.length) return [quiet("No translation like it in this document.")];
    return [
      h(
        "ol",
        { class: "plain-list matches" },
        detail.matches
          .slice(0, 9)
          .map((each, i) =>
            h(
              "li",
              {},
              h(
                "button",
                { type: "button", class: "match", "data-match": i, disabled: !this.desk.canEdit(this.unit) },
                h(
                  "span",
                  { class: "match-head" },
                  h("kbd", {}, i + 1),
                  h(
                    "span",
                    { class: `score ${each.score >= 100 ? "tone-good" : "tone-active"}` },
                    `${Math.round(each.score)} %`,
                  ),
                  h(
                    "span",
                    { class: "quiet small" },
                    (ORIGINS[each.origin] ?? each.origin ?? "").replaceAll("_", " "),
                  ),
                ),
                this.#segment("source", "quiet small", each.source),
                this.#segment("target", "", each.target),
              ),
            ),
          ),
      ),
    ];
  }

  #terms(detail) {
    if (!detail) return [quiet("Loading…")];
    if (!detail.terms.length) return [quiet("No terms of this unit are known.")];
    return [
      h(
        "ul",
        { class: "plain-list" },
        detail.terms.map((each, i) =>
          h(
            "li",
            {},
            h(
              "button",
              { type: "button", class: "match", "data-term": i, disabled: each.is_forbidden || !this.desk.canEdit(this.unit) },
              this.#segment("source", "quiet", each.source),
              this.#segment("target", "", each.target),
              each.is_forbidden && h("span", { class: "small tone-bad" }, "Forbidden: use another word."),
              each.note && h("span", { class: "small quiet" }, each.note),
            ),
          ),
        ),
      ),
    ];
  }

  #repetitions(unit) {
    const alike = this.desk.store.alike(unit);
    byId("part-repetitions").hidden = !alike.length;
    if (!alike.length) return [];
    return [
      h(
        "label",
        { class: "check" },
        h("input", { type: "checkbox", id: "propagate", checked: this.isPropagating }),
        h(
          "span",
          {},
          `Say the same in ${plural(alike.length, "unit")} with the same source. Without the tick this one is an exception.`,
        ),
      ),
      h(
        "ul",
        { class: "plain-list" },
        alike
          .slice(0, 12)
          .map((each) => h("li", {}, this.#goTo(each), this.#segment("target", "small", each.target ?? ""))),
      ),
    ];
  }

  #comments(detail) {
    if (!detail) return [quiet("Loading…")];
    byId("count-comments").textContent = detail.comments.length || "";
    if (!detail.comments.length) return [];
    return [
      h(
        "ol",
        { class: "plain-list" },
        detail.comments.map((each) =>
          h(
            "li",
            {},
            h("p", { class: "comment", dir: "auto" }, each.text),
            h("p", { class: "small quiet" }, h("bdi", {}, each.author), " · ", moment(each.written_at)),
          ),
        ),
      ),
    ];
  }

  #history(detail) {
    if (!detail) return [quiet("Loading…")];
    const past = [...detail.history].sort((a, b) => b.version - a.version);
    if (!past.length) return [quiet("Nobody has changed it.")];
    const canUndo = this.desk.isEditable && detail.version > 0;
    return [
      canUndo &&
        h("button", { type: "button", class: "button small", "data-undo": "" }, "Take the last change back"),
      h(
        "ol",
        { class: "plain-list" },
        past.map((each, i) =>
          h(
            "li",
            {},
            h(
              "div",
              { class: "text", lang: this.desk.locales.target.tag, dir: this.desk.locales.target.dir },
              past[i + 1] ? differences(past[i + 1].target ?? "", each.target ?? "") : (each.target ?? ""),
            ),
            h(
              "p",
              { class: "small quiet" },
              [STAGES[each.stage], ORIGINS[each.origin]].filter(Boolean).join(" · "),
              each.by_name && [" · ", h("bdi", {}, each.by_name)],
              each.at && [" · ", moment(each.at)],
            ),
          ),
        ),
      ),
    ].flat();
  }

  #why(detail) {
    if (!detail) return [quiet("Loading…")];
    const { why } = detail;
    const whole = h("p", {}, h("a", { href: `units/${encodeURIComponent(this.unit.unit_id)}/why` }, "Why this translation"));
    if (!why) return [quiet("No engine was asked for it."), whole];
    const facts = [
      ["Engine", why.engine],
      ["Model", why.model],
      ["Prompt", why.prompt_version],
      ["Call", why.call],
      ["Tokens", why.usage && `${why.usage.prompt_tokens ?? 0} in, ${why.usage.response_tokens ?? 0} out`],
    ];
    return [
      h(
        "dl",
        { class: "facts" },
        facts
          .filter(([, value]) => value)
          .flatMap(([name, value]) => [
            h("dt", {}, name),
            h("dd", { class: name === "Call" ? "code small" : "" }, value),
          ]),
      ),
      why.prompt &&
        h(
          "details",
          {},
          h("summary", {}, "What was asked"),
          h("pre", { class: "data", tabindex: "0" }, why.prompt),
        ),
      why.reply &&
        h(
          "details",
          {},
          h("summary", {}, "What was answered"),
          h("pre", { class: "data", tabindex: "0" }, why.reply),
        ),
      whole,
    ].filter(Boolean);
  }

  #around(unit) {
    const near = this.desk.near(unit);
    return [
      h(
        "ol",
        { class: "plain-list around" },
        near.map((each) =>
          h(
            "li",
            { "aria-current": each.unit_id === unit.unit_id ? "true" : undefined },
            this.#goTo(each),
            h(
              "p",
              { class: "small quiet", lang: this.desk.locales.source.tag, dir: this.desk.locales.source.dir },
              plain(each.source, each.tags),
            ),
            h(
              "p",
              { class: "small", lang: this.desk.locales.target.tag, dir: this.desk.locales.target.dir },
              plain(each.target ?? "", each.tags),
            ),
          ),
        ),
      ),
    ];
  }

  #goTo(unit) {
    return h(
      "button",
      {
        type: "button",
        class: "link num",
        "data-go": unit.position,
        "aria-label": `Go to unit ${unit.position + 1}`,
      },
      unit.position + 1,
    );
  }

  #segment(which, classes, given) {
    const text = given ?? "";
    const { tag, dir } = this.desk.locales[which];
    const made = h("span", { class: `segment ${classes}`, lang: tag, dir });
    fill(made, text, tagsIn(text));
    return made;
  }

  #part(name, nodes) {
    byId(`body-${name}`).replaceChildren(...nodes.filter(Boolean));
  }

  #click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { dismissFinding, match, term, undo, go } = button.dataset;
    if (dismissFinding !== undefined) this.desk.actions.dismiss(Number(dismissFinding));
    else if (match !== undefined) this.desk.actions.insertMatch(Number(match) + 1);
    else if (term !== undefined) this.desk.insert(this.detail.terms[Number(term)].target);
    else if (undo !== undefined) this.desk.actions.undo();
    else if (go !== undefined) this.desk.goTo(Number(go));
  }

  async #comment(event) {
    if (event.target.id !== "comment-form") return;
    event.preventDefault();
    const text = byId("comment-text").value.trim();
    if (text && (await this.desk.comment(this.unitId, text))) byId("comment-text").value = "";
  }
}

const quiet = (text) => h("p", { class: "quiet small" }, text);

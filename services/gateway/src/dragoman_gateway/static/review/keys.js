// Keys: what they do, which sets of them there are, and which key was pressed. No set takes a key that browsers use
// themselves (tabs, saving, opening, finding, reloading): where a tool has one of those, our own stands in.

// Action, its words, and our key.
export const ACTIONS = [
  ["confirmNext", "Confirm, go to the next unit that waits", "Ctrl+Enter"],
  ["confirmStay", "Confirm and stay", "Ctrl+Shift+Enter"],
  ["confirmFollowing", "Confirm, go to the following unit", ""],
  ["previous", "Previous unit", "Alt+ArrowUp"],
  ["next", "Next unit", "Alt+ArrowDown"],
  ["nextOwed", "Next unit that waits", "Alt+N"],
  ["goTo", "Go to a number", "Ctrl+G"],
  ["copySource", "Copy the source", "Alt+C"],
  ["insertTag", "Insert the next missing tag", "Alt+T"],
  ["insertMatch", "Insert match 1 to 9", "Alt+1…9"],
  ["search", "Search", "Alt+K"],
  ["replace", "Find and replace", "Alt+R"],
  ["dismiss", "Dismiss a finding, with a reason", "Alt+I"],
  ["comment", "Comment", "Alt+M"],
  ["accept", "Accept as it is: the chosen units, or this one", "Alt+A"],
  ["undo", "Take the last saved change of the unit back", "Alt+Z"],
  ["pick", "Choose the unit, or not", "Alt+X"],
  ["panel", "To the details of the unit, and back", "Alt+P"],
  ["finish", "Finish the review", "Alt+Q"],
  ["help", "This list", "Alt+H"],
];

const OURS = Object.fromEntries(ACTIONS.map(([action, , key]) => [action, key ? [key] : []]));
export const PRESETS = {
  dragoman: { name: "Dragoman", keys: OURS },
  matecat: {
    name: "MateCat",
    keys: {
      ...OURS,
      confirmFollowing: ["Ctrl+Enter"],
      confirmNext: ["Ctrl+Shift+Enter"],
      confirmStay: ["Alt+Enter"],
      previous: ["Ctrl+ArrowUp", "Alt+ArrowUp"],
      next: ["Ctrl+ArrowDown", "Alt+ArrowDown"],
      copySource: ["Ctrl+I", "Alt+C"],
      comment: ["Ctrl+Shift+C", "Alt+M"],
    },
  },
  omegat: {
    name: "OmegaT",
    keys: {
      ...OURS,
      confirmFollowing: ["Enter"],
      confirmNext: ["Ctrl+Enter"],
      insertMatch: ["Alt+1…9", "Ctrl+M 1…9"],
      previous: ["Shift+Enter", "Alt+ArrowUp"],
    },
  },
  weblate: {
    name: "Weblate",
    keys: {
      ...OURS,
      confirmFollowing: ["Ctrl+Enter", "Alt+Enter"],
      confirmNext: [],
      confirmStay: ["Ctrl+Shift+Enter"],
      previous: ["Alt+PageUp", "Alt+ArrowUp"],
      next: ["Alt+PageDown", "Alt+ArrowDown"],
      insertMatch: ["Ctrl+M 1…9", "Alt+1…9"],
      dismiss: ["Ctrl+I", "Alt+I"],
    },
  },
};

const STORED = "dragoman.review.keys";
export function chosenPreset() {
  try {
    return localStorage.getItem(STORED) in PRESETS ? localStorage.getItem(STORED) : "dragoman";
  } catch {
    return "dragoman";
  }
}
export function choosePreset(name) {
  try {
    localStorage.setItem(STORED, name);
  } catch {
    /* then it holds until the page is left */
  }
}

// "Alt+T" of an event. Letters by what is printed on the key; where that is no Latin letter (Cyrillic and Greek layouts, the
// Option key of a Mac), by the key's place.
export function pressed(event) {
  let { key } = event;
  if (/^Key[A-Z]$/.test(event.code) && (!/^[a-z]$/i.test(key) || event.altKey))
    key = /^[a-z]$/i.test(key) ? key : event.code.slice(3);
  if (/^Digit\d$/.test(event.code) && event.altKey) key = event.code.slice(5);
  if (key.length === 1) key = key.toUpperCase();
  const ctrl = event.ctrlKey || event.metaKey;
  return `${ctrl ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && (key.length > 1 || ctrl || event.altKey) ? "Shift+" : ""}${key}`;
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  PageUp: "PgUp",
  PageDown: "PgDn",
  ...(isMac ? { Ctrl: "⌘", Alt: "⌥", Shift: "⇧" } : {}),
};
export const printed = (key) => key.split(/(?<=.)[+ ]/).map((each) => NAMES[each] ?? each);

export class Keys {
  // `actions` are functions by name; insertMatch takes the number. Each returns false where the key is not for it.
  constructor(actions) {
    this.actions = actions;
    this.use(chosenPreset());
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  use(name) {
    this.preset = name;
    this.byKey = new Map();
    for (const [action, keys] of Object.entries(PRESETS[name].keys)) {
      for (const key of keys) {
        if (!key.endsWith("1…9")) {
          this.byKey.set(key, [action]);
          continue;
        }
        for (let number = 1; number <= 9; number++) this.byKey.set(key.replace("1…9", number), [action, number]);
      }
    }
    this.prefixes = new Set(
      [...this.byKey.keys()].filter((key) => key.includes(" ")).map((key) => key.split(" ")[0]),
    );
    this.begun = "";
  }

  // The first key of an action, as text for hints.
  hint(action) {
    return PRESETS[this.preset].keys[action]?.[0] ?? "";
  }

  #press(event) {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || event.getModifierState("AltGraph"))
      return;
    if (["Control", "Alt", "Shift", "Meta"].includes(event.key)) return;
    if (document.querySelector("dialog[open]")) return;
    const isTyping = event.target.matches?.("input:not([type=checkbox]), textarea, select");
    const key = this.begun ? `${this.begun} ${pressed(event)}` : pressed(event);
    const isBegun = !this.begun && this.prefixes.has(key);
    this.begun = isBegun ? key : "";
    if (isBegun) {
      event.preventDefault();
      return;
    }
    const isPlain = !/^(Ctrl|Alt)\+/.test(key);
    let found = this.byKey.get(key);
    if (event.key === "?" && !isTyping && !event.target.isContentEditable && !event.ctrlKey && !event.altKey)
      found = ["help"];
    // A key without Ctrl or Alt means something only in a unit's text: elsewhere Enter presses buttons.
    if (
      !found ||
      (isTyping && !event.altKey && !event.ctrlKey) ||
      (isPlain && found[0] !== "help" && !event.target.isContentEditable)
    )
      return;
    if (this.actions[found[0]](...found.slice(1)) !== false) event.preventDefault();
  }
}

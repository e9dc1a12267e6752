// Elements made by calls, never from strings of markup: the text of documents is on every page.

export const byId = (id) => document.getElementById(id);

// h("p", { class: "quiet", "data-id": 7, onclick: … }, "text", element): falsy children and attributes are left out.
export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((each) => each || each === 0));
  return made;
}

// The icons of the server's templates, which the page carries once each.
export function icon(name) {
  return byId("icons").content.querySelector(`[data-icon="${name}"] > svg`).cloneNode(true);
}

export function badge({ text, tone, icon: name }) {
  return h("span", { class: `badge tone-${tone}` }, icon(name), text);
}

let lastSaid = 0;
// Said to screen readers; equal words twice in a row are said twice.
export function say(text) {
  byId("spoken").textContent = text + "\u200b".repeat(lastSaid++ % 2);
}

export function alarm(text) {
  document.dispatchEvent(new CustomEvent("console:toast", { detail: text }));
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
export function moment(when) {
  return h("time", { datetime: when }, moments.format(new Date(when)));
}

// A function that runs once calls have ceased for `ms`; `now()` runs what waits at once.
export function calmly(ms, run) {
  let timer = 0;
  let waiting = null;
  const calm = (...args) => {
    clearTimeout(timer);
    waiting = args;
    timer = setTimeout(calm.now, ms);
  };
  calm.now = () => {
    clearTimeout(timer);
    const args = waiting;
    waiting = null;
    if (args) run(...args);
  };
  return calm;
}

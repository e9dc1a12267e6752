// The console's own behaviour. Every page works without it, except for following a job live.

const root = document.documentElement;

document.getElementById("theme")?.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage may be off */ }
});

// Times: written in UTC by the server, shown in the reader's own time zone.
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
function localise(scope) {
  for (const each of scope.querySelectorAll("time[data-local]")) {
    const when = new Date(each.dateTime);
    const isToday = when.toDateString() === new Date().toDateString();
    each.textContent = isToday ? time.format(when) : `${day.format(when)}, ${time.format(when)}`;
    each.title = full.format(when);
    each.removeAttribute("data-local");
  }
}

// Toasts.
document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".toast")?.remove();
});
// What only confirms leaves by itself, unless it is pointed at; what warns stays until it is dismissed.
for (const each of document.querySelectorAll(".toast-status")) {
  const leave = () => each.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : each.remove();
  setTimeout(leave, 8000);
}
function toast(text) {
  const box = document.createElement("div");
  box.className = "toast toast-alert";
  box.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = text;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "plain", textContent: "×" });
  button.setAttribute("aria-label", "Dismiss");
  button.dataset.dismiss = "";
  box.append(words, button);
  document.getElementById("toasts").replaceChildren(box);
}
// What another script of a page has to say, and that it changed the page.
document.addEventListener("console:toast", (event) => toast(event.detail));
document.addEventListener("console:changed", () => { openDialogs(); localise(document); });
document.addEventListener("htmx:sendError", () => toast("The server cannot be reached. The page will catch up when it is back."));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) toast("The server could not answer. The page will catch up when it can.");
});
// A notice is said once: not again when the page is loaded anew.
if (new URLSearchParams(location.search).has("notice")) {
  const url = new URL(location.href);
  url.searchParams.delete("notice");
  history.replaceState(history.state, "", url);
}

// Dialogs: what cannot be undone is asked about first. Without a script the link leads to a page that asks.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-dialog]");
  if (link) { event.preventDefault(); document.getElementById(link.dataset.dialog).showModal(); }
  if (event.target.closest("dialog [data-close]") || event.target.matches("dialog")) { event.preventDefault(); event.target.closest("dialog").close(); }
  if (event.target.closest("dialog [data-confirmed]")) asked?.submit();
});
let asked = null;
document.addEventListener("submit", (event) => {
  const dialog = document.getElementById(event.target.dataset.confirm ?? "");
  if (!dialog) return;
  event.preventDefault();
  asked = event.target;
  dialog.showModal();
});
function openDialogs() {
  for (const each of document.querySelectorAll("dialog[data-open]")) { each.close(); each.showModal(); }
}
openDialogs();

document.addEventListener("htmx:afterSettle", () => localise(document));
localise(document);

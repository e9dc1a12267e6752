// The console's own behaviour. Every page works without it, except for following a job live.

const root = document.documentElement;

document.getElementById("theme")?.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* storage may be off */ }
});

// Times: written in UTC by the server, shown in the reader's own time zone.
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
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
for (const each of document.querySelectorAll("dialog[data-open]")) { each.close(); each.showModal(); }

// Choosing files: by picker or by drag and drop, with a list of what was chosen.
const drop = document.querySelector("[data-drop]");
if (drop) {
  const input = drop.querySelector("input[type=file]");
  const chosen = drop.querySelector("[data-chosen]");
  const show = () => {
    chosen.replaceChildren(...[...input.files].map((file) => {
      const item = document.createElement("li");
      const name = document.createElement("bdi");
      name.textContent = file.name;
      const size = document.createElement("span");
      size.className = "quiet num";
      size.textContent = file.size < 1e6 ? `${Math.ceil(file.size / 1e3)} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
      item.append(name, size);
      return item;
    }));
    drop.classList.toggle("has-files", input.files.length > 0);
  };
  input.addEventListener("change", show);
  for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; show(); }
  });
  document.getElementById("submission").addEventListener("submit", (event) => {
    const large = [...input.files].find((file) => file.size > Number(input.dataset.maxBytes));
    if (large) {
      event.preventDefault();
      toast(`${large.name} ${input.dataset.tooLarge}`);
      return;
    }
    const button = event.target.querySelector("button[data-busy]");
    button.setAttribute("aria-disabled", "true");
    button.lastChild.textContent = button.dataset.busy;
  });
  document.getElementById("summary")?.focus();
}

document.addEventListener("htmx:afterSettle", () => localise(document));
localise(document);

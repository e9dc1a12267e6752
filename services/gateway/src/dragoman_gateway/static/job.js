// A job's page: follows the job live, and shows any state of its past with the slider. Without it, links and the form do.

// News come as server-sent events; the page's parts are then asked for again, at most twice a second.
const byId = (id) => document.getElementById(id);
let source = null;
let followed = "";
let waiting = null;
let topic = byId("job-body")?.dataset.topic;

function refresh() {
  waiting ??= setTimeout(() => {
    waiting = null;
    if (document.querySelector("dialog[open]")) refresh(); // not under a person's hands
    else if (byId("job-body")?.dataset.follow) window.htmx?.trigger("#job-body", "follow");
  }, 450);
}
function showWork({ progress_pct: done, lines, remaining }) {
  const box = byId("under-way");
  if (!box || !byId("job-body").dataset.follow) return;
  box.hidden = lines.length === 0;
  box.querySelector("ul").replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  box.querySelector("p").textContent = remaining;
  byId("progress").querySelector(".big").textContent = `${done} %`;
  byId("progress").querySelector("progress").value = done;
}
function follow() {
  const { follow: address = "", topic: about, spoken } = byId("job-body")?.dataset ?? {};
  if (!address) { source?.close(); source = null; followed = ""; }
  else if (!followed) {
    followed = address;
    source = new EventSource(address);
    source.addEventListener("changed", refresh);
    source.addEventListener("under_way", (event) => showWork(JSON.parse(event.data)));
    source.addEventListener("ended", () => { source?.close(); refresh(); });
  }
  if (about !== topic) byId("spoken").textContent = spoken;
  topic = about;
}
document.addEventListener("visibilitychange", () => {
  // A browser keeps few connections to one server: tabs that nobody sees give theirs back.
  if (document.visibilityState === "hidden") { source?.close(); source = null; followed = ""; }
  else if (byId("job-body")?.dataset.follow) { follow(); refresh(); }
});
setInterval(() => { if (source && document.visibilityState === "visible") refresh(); }, 5000);

// The slider stays in the page while the rest of it is replaced: a drag is never cut off.
const slider = byId("at");
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-at], a[data-step]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  // Steps go from where the slider is: a second click may come before the answer to the first.
  slider.value = link.dataset.at ?? Number(slider.value) + Number(link.dataset.step);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
});
document.addEventListener("htmx:configRequest", (event) => {
  const asked = event.detail.parameters;
  if (Number(asked.at) >= Number(slider.max)) delete asked.at; // its end is now
  for (const name of ["events", "phase", "actor", "q"]) if (asked[name] === "") delete asked[name];
});
function follows() {
  const { at, latest, text } = byId("history-state").dataset;
  const wasNow = slider.value === slider.max;
  slider.max = latest;
  if (wasNow && at === latest) slider.value = latest;
  if (slider.value === at) slider.setAttribute("aria-valuetext", text);
}

// What a person opened, and where the list was scrolled to, outlives a replacement.
let opened = [];
let scrolled = 0;
document.addEventListener("htmx:beforeSwap", () => {
  opened = [...document.querySelectorAll("#events details[open]")].map((each) => [each.id, each.querySelector(".event-data").innerHTML]);
  scrolled = document.querySelector(".timeline")?.scrollTop ?? 0;
});
function reopen() {
  for (const [id, data] of opened) {
    const details = byId(id);
    if (!details || details.open) continue;
    details.querySelector(".event-data").innerHTML = data;
    details.open = true;
  }
  const list = document.querySelector(".timeline");
  if (list) list.scrollTop = scrolled;
}

// Where another event's state is shown, that event comes into sight in its list; the page stays where it is.
let sighted = "";
function sight() {
  const event = document.querySelector(".timeline > [aria-current]");
  const at = event ? byId("history-state").dataset.at : "";
  if (event && at !== sighted) {
    const list = event.parentElement;
    const offset = event.getBoundingClientRect().top - list.getBoundingClientRect().top;
    list.scrollTop += offset - (list.clientHeight - event.offsetHeight) / 2;
    scrolled = list.scrollTop; // one swap settles in several parts
  }
  sighted = at;
}

// What was loaded once is not asked for again.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.querySelector?.(":scope > .event-data > dl")) event.preventDefault();
});

document.addEventListener("htmx:afterSettle", () => { reopen(); sight(); follows(); follow(); });
sight();
follow();

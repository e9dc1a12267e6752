// The form for new jobs: files by picker or by drag and drop, and sent so that a form the server refuses keeps them.
const byId = (id) => document.getElementById(id);
const files = () => byId("file");
const toast = (detail) => document.dispatchEvent(new CustomEvent("console:toast", { detail }));

function show() {
  const drop = document.querySelector("[data-drop]");
  drop.querySelector("[data-chosen]").replaceChildren(...[...files().files].map((file) => {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = file.name;
    const size = document.createElement("span");
    size.className = "quiet num";
    size.textContent = file.size < 1e6 ? `${Math.ceil(file.size / 1e3)} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
    item.append(name, size);
    return item;
  }));
  drop.classList.toggle("has-files", files().files.length > 0);
}

// The first choice of engine is the chosen project's, which it names.
function nameEngine() {
  const engine = byId("project_code").selectedOptions[0]?.dataset.engine;
  if (engine) document.querySelector("[data-of-project]").textContent = `As the project says: ${engine}`;
}

function attach() {
  const drop = document.querySelector("[data-drop]");
  files().addEventListener("change", show);
  if (files().files.length) show(); // chosen before this ran, on a slow machine
  for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { files().files = event.dataTransfer.files; show(); }
  });
  byId("project_code").addEventListener("change", nameEngine);
  nameEngine();
  byId("submission").addEventListener("submit", submit);
  byId("summary")?.focus();
}

async function submit(event) {
  if (event.submitter?.hasAttribute("data-download")) return;
  event.preventDefault();
  const input = files();
  const large = [...input.files].find((file) => file.size > Number(input.dataset.maxBytes));
  if (large) {
    toast(`${large.name} ${input.dataset.tooLarge}`);
    return;
  }
  if (event.submitter?.hasAttribute("data-analyse")) {
    await analyse(event.target, event.submitter);
    return;
  }
  const button = event.target.querySelector("button[data-busy]");
  if (button.getAttribute("aria-disabled") === "true") return;
  const words = button.lastChild.textContent;
  button.setAttribute("aria-disabled", "true");
  button.lastChild.textContent = button.dataset.busy;
  try {
    const answer = await fetch(event.target.action, { method: "POST", body: new FormData(event.target) });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.getElementById("submission")) again(page);
    else document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
  } catch {
    toast("The server cannot be reached. Nothing was sent; your files are still chosen.");
    button.removeAttribute("aria-disabled");
    button.lastChild.textContent = words;
  }
}

// The table of words and prices, above the buttons; the files stay chosen.
async function analyse(form, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const words = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.busy;
  try {
    const answer = await fetch(button.formAction, { method: "POST", body: new FormData(form) });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("analysis");
    if (found) {
      byId("analysis-place").replaceChildren(found);
      document.dispatchEvent(new Event("console:changed"));
      found.querySelector("h2").focus();
    } else {
      toast(page.querySelector("main p")?.textContent ?? "The documents cannot be analysed.");
    }
  } catch {
    toast("The server cannot be reached. Nothing was sent; your files are still chosen.");
  } finally {
    button.removeAttribute("aria-disabled");
    button.textContent = words;
  }
}

// The form as the server gave it back. What was not taken stays chosen, what became a job does not.
function again(page) {
  const taken = new Set([...page.querySelectorAll("[data-accepted] bdi")].map((each) => each.textContent));
  const left = new DataTransfer();
  for (const file of files().files) if (!taken.has(file.name)) left.items.add(file);
  document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
  files().files = left.files;
  attach();
  show();
  document.dispatchEvent(new Event("console:changed"));
}

attach();

// Runs before the page is painted, so that a chosen theme does not flash. The button is wired in console.js.
(() => {
  document.documentElement.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch { /* storage may be off: then the system's choice stands */ }
})();

// Pages outside the admin: follow the theme that was chosen there, and print at the press of a button.
(() => {
  let chosen = "auto";
  try {
    chosen = JSON.parse(localStorage.getItem("adminTheme")) || "auto";
  } catch {
    // no storage, or not ours: as the system says
  }
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () =>
    document.documentElement.classList.toggle("dark", chosen === "dark" || (chosen === "auto" && system.matches));
  system.addEventListener("change", apply);
  apply();
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());
})();

/* The grid of overrides: counts what was changed, sends only that, and warns before it is lost.
   Without this script all cells are sent, and the server finds the changed ones. */
(() => {
  const form = document.getElementById("og-form");
  const count = document.getElementById("og-count");
  if (!form || !count) return;
  const inputs = [...form.querySelectorAll("input[data-was]")];
  const isChanged = (input) => input.value.trim() !== input.dataset.was;
  let isSent = false;

  function tell() {
    const n = inputs.filter(isChanged).length;
    count.textContent = n ? count.dataset.some.replace("%n%", n) : count.dataset.none;
    inputs.forEach((input) => input.classList.toggle("og-changed", isChanged(input)));
    return n;
  }

  /* Up, down and Enter go from week to week of one product to another, as in a spreadsheet. */
  form.addEventListener("keydown", (event) => {
    const place = inputs.indexOf(event.target);
    if (place < 0 || !["ArrowUp", "ArrowDown", "Enter"].includes(event.key)) return;
    event.preventDefault();
    const width = event.target.closest("tr").querySelectorAll("input[data-was]").length;
    inputs[place + (event.key === "ArrowUp" ? -width : width)]?.focus();
  });
  form.addEventListener("input", tell);
  form.addEventListener("submit", () => {
    isSent = true;
    inputs.filter((input) => !isChanged(input)).forEach((input) => (input.disabled = true));
  });
  addEventListener("pageshow", () => { isSent = false; inputs.forEach((input) => (input.disabled = false)); tell(); });
  addEventListener("beforeunload", (event) => { if (!isSent && tell()) event.preventDefault(); });
  tell();
})();

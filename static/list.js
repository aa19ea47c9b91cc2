// Lists: before an act changes rows it says how many, and a press outside closes an open tool.
(() => {
  const tools = document.getElementById("list-tools");
  if (!tools) return;
  const form = document.getElementById("changelist-form");
  const asked = tools.dataset.asked.split(" ");

  form?.addEventListener("submit", (event) => {
    const action = form.querySelector("select[name=action]");
    if (!action || !asked.includes(action.value)) return;
    const isAll = form.querySelector("input[name=select_across]")?.value === "1";
    const count = isAll ? tools.dataset.count : form.querySelectorAll("input.action-select:checked").length;
    const label = action.selectedOptions[0].textContent.trim();
    if (!window.confirm(tools.dataset.question.replace("{n}", count).replace("{action}", label))) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    for (const tool of tools.querySelectorAll("details[open]")) if (!tool.contains(event.target)) tool.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const tool of tools.querySelectorAll("details[open]")) {
      tool.open = false;
      tool.querySelector("summary").focus();
    }
  });
})();

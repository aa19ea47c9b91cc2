// "Add a line": another row of a table of new lines, with the same widgets as those that are there.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-add-line]")) {
    const prefix = button.dataset.addLine;
    const body = document.querySelector(`[data-new-lines="${prefix}"] tbody`);
    const row = document.getElementById(`${prefix}-empty`).content.firstElementChild;
    const total = document.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
    const most = Number(document.querySelector(`[name="${prefix}-MAX_NUM_FORMS"]`).value);
    button.hidden = false;
    button.addEventListener("click", () => {
      const number = Number(total.value);
      const added = row.cloneNode(true);
      for (const element of added.querySelectorAll("*")) {
        for (const { name, value } of [...element.attributes]) {
          if (value.includes("__prefix__")) element.setAttribute(name, value.replaceAll("__prefix__", number));
        }
      }
      body.append(added);
      total.value = number + 1;
      button.hidden = number + 1 >= most;
      // Django's autocomplete turns its selects into pickers when it hears this.
      added.dispatchEvent(new CustomEvent("formset:added", { bubbles: true, detail: { formsetName: prefix } }));
      const picker = added.querySelector("select, input");
      (added.querySelector(".select2-selection") || picker).focus();
    });
  }
});

// For keyboards and screen readers: what scrolls sideways can be reached and has a name, and so have the menu's parts.
(() => {
  const titled = (element) =>
    element.closest("section, .sw-card")?.querySelector("h2, h3")?.textContent.trim() || document.title;

  const name = () => {
    const words = document.querySelector(".sw-skip")?.dataset;
    for (const box of document.querySelectorAll(".sw-scroll, .result-list-wrapper .overflow-x-auto")) {
      if (box.scrollWidth <= box.clientWidth + 1) continue;
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", titled(box));
    }
    for (const field of document.querySelectorAll(".formset td input:not([type=hidden]), .formset td select, .formset td textarea")) {
      const head = field.closest("td")?.dataset.label;
      if (head && !field.labels?.length && !field.getAttribute("aria-label")) field.setAttribute("aria-label", head);
    }
    for (const part of document.querySelectorAll('.simplebar-content-wrapper[role="region"]')) {
      part.setAttribute("role", "group");
      part.setAttribute("aria-label", part.closest("#changelist-filter") ? words?.filters : words?.menu);
    }
    if (words) document.getElementById("nav-sidebar-inner")?.setAttribute("aria-label", words.menu);
    for (const shown of document.querySelectorAll(".select2-selection")) {
      const select = shown.closest(".select2-container")?.previousElementSibling;
      const label = select?.id && document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      const text = label?.textContent.trim() || select?.closest("[data-label]")?.dataset.label || titled(shown);
      shown.setAttribute("aria-label", text);
      shown.querySelector('[role="textbox"]')?.setAttribute("aria-label", text);
    }
  };
  let isDue = false;
  const soon = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      name();
    });
  };
  window.addEventListener("load", () => {
    name();
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  });
})();

// The slider says its level while it moves; a chart that came with an answer is drawn.
"use strict";
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-slider]")) {
    const text = event.target.closest("label").querySelector("[data-slider-text]");
    text.textContent = text.textContent.replace(/[\d.,]+/, (event.target.value / 10).toFixed(1));
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.querySelector("canvas.chart") && typeof renderCharts === "function") {
    renderCharts();
  }
});

"""What every screen of the phone keeps: thumbs, narrow phones, weak eyes, a strict policy."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

from tests.browser.phones import Phone

#: To be run in a page before anything else: what its policy forbids is noted.
WATCH = """
const told = JSON.parse(sessionStorage.getItem("violations") || "[]");
document.addEventListener("securitypolicyviolation", (event) => {
  told.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
  sessionStorage.setItem("violations", JSON.stringify(told));
});
"""


def violations(clerks: Phone) -> list[str]:
    return clerks.page.evaluate("JSON.parse(sessionStorage.getItem('violations') || '[]')")


#: What is too small for a thumb.
SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")].flatMap((one) => {
  const box = (one.closest("label") ?? one).getBoundingClientRect();
  const isSmall = one.checkVisibility() && (box.width < 44 || box.height < 44);
  return isSmall ? [`${box.width} × ${box.height}: ${one.outerHTML.slice(0, 90)}`] : [];
})"""


def faults(clerks: Phone, place: str) -> list[str]:
    page = clerks.page
    found = [f"small: {one}" for one in page.evaluate(SMALL)]
    if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
        found.append("scrolls sideways")
    rules = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    found += [f"{rule['id']}: {node['html'][:120]}" for rule in rules for node in rule["nodes"]]
    return [f"{place}: {fault}" for fault in found]

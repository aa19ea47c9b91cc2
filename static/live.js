// A page that stays open shows what is: it asks every three seconds whether anything changed, and fetches its live
// parts again when so. Nothing is asked while nobody looks.
(() => {
  const page = document.querySelector("[data-live-token]");
  if (!page) return;
  let token = page.dataset.liveToken;
  let isBusy = false;

  const replace = (old, fresh) => {
    const active = document.activeElement;
    const near = old.contains(active) && active.closest("[id]");
    const place = near ? [...near.querySelectorAll("a, button, input")].indexOf(active) : -1;
    old.innerHTML = fresh.innerHTML;
    window.htmx?.process(old);
    if (near) document.getElementById(near.id)?.querySelectorAll("a, button, input")[place]?.focus();
  };

  const refresh = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const found = fresh.getElementById(old.id);
      if (found && !old.querySelector(".htmx-request")) replace(old, found);
    }
  };

  const ask = async () => {
    if (isBusy || document.hidden) return;
    isBusy = true;
    try {
      const answer = await fetch(`${page.dataset.liveUrl}?token=${token}`, { credentials: "same-origin" });
      if (answer.status === 200 && !answer.redirected) {
        token = await answer.text();
        await refresh();
      }
    } catch {
      // no connection: the next question will tell
    } finally {
      isBusy = false;
    }
  };
  setInterval(ask, 3000);
  document.addEventListener("visibilitychange", ask);
})();

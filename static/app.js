// What the pages gain from JavaScript beside htmx. Everything works without.
"use strict";
(() => {
  document.documentElement.classList.add("js");

  // A word of a button changes for a moment: "Copy" says "Copied".
  const say = (button, word) => {
    const label = button.querySelector("[data-label]") || button;
    button.dataset.word ||= label.textContent;
    label.textContent = word;
    setTimeout(() => { label.textContent = button.dataset.word; }, 2000);
  };

  // data-copy="#id" copies the text of that element, or of its [data-copy-item] parts, one a line.
  const copy = async (button) => {
    const from = document.querySelector(button.dataset.copy);
    const items = [...from.querySelectorAll("[data-copy-item]")].map((e) => e.textContent.trim());
    const text = items.length ? items.join("\n") : (from.value || from.textContent).trim();
    try {
      await navigator.clipboard.writeText(text);
      say(button, "Copied");
    } catch {
      getSelection().selectAllChildren(from); // no clipboard without https: leave it marked
      say(button, "Marked, now press Ctrl+C");
    }
  };

  // data-countdown="42" holds a button back for so many seconds.
  const countDown = (button) => {
    const end = Date.now() + 1000 * Number(button.dataset.countdown);
    const word = button.textContent.trim();
    button.removeAttribute("data-countdown");
    button.disabled = true;
    button.parentElement.querySelector("[data-countdown-hint]")?.remove();
    const tick = () => {
      if (!button.isConnected) return;
      const left = Math.ceil((end - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? `${word} in ${left} s` : word;
      if (left > 0) setTimeout(tick, 250);
    };
    tick();
  };

  const start = (root) => root.querySelectorAll("[data-countdown]").forEach(countDown);

  // After a swap the keyboard is where the person has something to do.
  const focus = (root) => {
    const place = ["[aria-invalid][autofocus]", "[aria-invalid]", "[role=alert]", "[autofocus]", "h1"]
      .map((s) => root.querySelector(s)).find(Boolean);
    if (!place) return;
    if (place.tabIndex < 0) place.tabIndex = -1;
    place.focus();
    place.select?.();
  };

  // A swap into <dialog data-dialog> opens it; closing empties it.
  const fill = (dialog) => {
    if (dialog.childElementCount && !dialog.open) dialog.showModal();
    else if (!dialog.childElementCount && dialog.open) dialog.close();
  };

  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-copy],[data-print],[data-close]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    if ("print" in button.dataset) print();
    const dialog = "close" in button.dataset && button.closest("dialog");
    if (dialog) {
      e.preventDefault();
      dialog.close();
    }
  });

  document.addEventListener("close", (e) => {
    if (e.target.matches?.("[data-dialog]")) e.target.replaceChildren();
  }, true);

  document.addEventListener("htmx:after:swap", (e) => {
    const target = e.detail.ctx.target instanceof Element ? e.detail.ctx.target : document.querySelector(e.detail.ctx.target || "#main");
    if (!target?.isConnected) return;
    if (target.matches("[data-dialog]")) fill(target);
    else document.querySelectorAll("dialog[open][data-dialog]").forEach((d) => d.close());
    start(target);
    focus(target);
  });

  // What was asked for did not come. The page stays as it is, with what was
  // typed, and says so where the person is looking; never inside a table.
  const unanswered = (at, text) => {
    document.querySelectorAll(".unanswered").forEach((old) => old.remove());
    const p = document.createElement("p");
    p.className = "problem unanswered";
    p.setAttribute("role", "alert");
    p.tabIndex = -1;
    p.textContent = text;
    const place = at?.isConnected && (at.closest("form") || at.closest("table, nav, ul, ol") || at);
    if (place && place !== document.body) place.before(p);
    else document.querySelector("dialog[open], #main").prepend(p);
    p.focus();
  };

  // Only the site's own screens replace a page: a proxy's error page, an empty
  // answer or the site's own fault do not.
  document.addEventListener("htmx:before:response", (e) => {
    const answer = e.detail.ctx.response.raw.headers.get("X-Nightlatch");
    if (answer === "screen") return;
    e.preventDefault();
    unanswered(e.detail.ctx.sourceElement, answer
      ? "Something went wrong on the server. What you typed is still here. Please try again."
      : "The site did not answer as it should. What you typed is still here. Please try again in a moment.");
  });

  document.addEventListener("htmx:error", (e) => {
    if (!e.detail.ctx) return;
    unanswered(e.detail.ctx.sourceElement, "The server did not answer. What you typed is still here. Check your connection and try again.");
  });

  document.addEventListener("DOMContentLoaded", () => start(document));
})();

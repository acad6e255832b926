// Runs inside the page, one call at a time: (verb, selector, text) => answer.
// It uses plain synchronous DOM calls only, so that it also works where the
// page's own scripts are switched off.
(verb, selector, text) => {
  const words = (el) => (el.innerText || el.value || "").replace(/\s+/g, " ").trim();
  const boxes = (el) => [...el.getClientRects()].filter((r) => r.width > 0 && r.height > 0);
  const visible = (el) => boxes(el).length > 0 && getComputedStyle(el).visibility === "visible";

  // A visible match is preferred; a hidden one is the second best.
  const find = () => {
    if (!selector.startsWith("=")) {
      const all = [...document.querySelectorAll(selector)];
      return all.find(visible) || all[0] || null;
    }
    const named = [...document.querySelectorAll("button, a, summary, label, input[type=submit], [role=button]")];
    return named.find((el) => visible(el) && words(el) === selector.slice(1)) || null;
  };

  // Where a mouse has to click, or why it cannot.
  const spot = (el) => {
    if (!el) return { why: "not on the page" };
    if (!visible(el)) return { why: "not visible" };
    if (el.disabled) return { why: "disabled" };
    el.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = boxes(el)[0];
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hit = document.elementFromPoint(x, y);
    const mine = hit && (el.contains(hit) || hit.contains(el) || [...(el.labels || [])].some((l) => l.contains(hit)));
    return mine ? { x, y } : { why: "covered by " + (hit ? hit.outerHTML.slice(0, 120) : "nothing clickable") };
  };

  // Makes a field ready to be typed into; kinds that cannot be typed into are set at once.
  const fill = (el) => {
    if (!el) return { why: "not on the page" };
    if (!visible(el)) return { why: "not visible" };
    if (el.disabled || el.readOnly) return { why: "disabled or read-only" };
    el.focus();
    const typed = el.matches("textarea, input:not([type=date], [type=time], [type=datetime-local], [type=month], [type=color], [type=range])");
    if (typed && text !== "") {
      el.select();
      return { typed: true };
    }
    el.value = text;
    if (el.value !== text) return { why: "it does not take " + JSON.stringify(text) };
    el.dispatchEvent(new Event("input", { bubbles: true }));
    el.dispatchEvent(new Event("change", { bubbles: true }));
    return {};
  };

  // The elements and attributes that a page consists of. Which words it shows, where its
  // links lead and how its rows are numbered is left out.
  const free = /^(hx-.*|action|content|datetime|href|nonce|src|value)$/;
  const shape = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? "x" : "";
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const attributes = [...node.attributes].map((a) => a.name + (free.test(a.name) ? "" : "=" + a.value.replace(/[0-9A-Z]{5,}|[0-9]+/g, "0")));
    return "<" + [node.localName, ...attributes].join(" ") + ">" + [...node.childNodes].map(shape).join("") + "<>";
  };

  const root = document.documentElement, view = document.scrollingElement || root;
  switch (verb) {
    case "busy":
      return { busy: document.readyState !== "complete" || !!document.querySelector(".htmx-swapping, .htmx-settling") };
    case "spot": return spot(find());
    case "fill": return fill(find());
    case "exists": return { yes: !!find() };
    case "text": { const el = find(); return el ? { text: words(el) } : { why: "not on the page" }; }
    case "body": return { text: document.body ? words(document.body) : "" };
    case "focus": { const el = document.activeElement; return { text: el ? (el.id ? "#" + el.id : el.localName) : "nothing" }; }
    case "html": return { text: root.outerHTML };
    case "shape": return { text: shape(root) };
    case "url": return { text: location.href };
    case "wide": return { yes: view.scrollWidth > view.clientWidth };
  }
}

// Marks what evidence must not show. It runs in every frame and pop-up before the page's own scripts, and marks again
// whenever the page changes, so that every picture, text and DOM snapshot finds the marks in place.
(rules) => {
  const HOME = Symbol.for("baton.masking");
  if (window[HOME]) return;
  const MARK = "data-baton";
  const TOKEN = {personal: "(personal)", secret: "(secret)"};
  const FREE = "input:not([type=submit]):not([type=button]):not([type=reset]):not([type=image])"
    + ":not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable='true']";
  const EMAIL = /[^\s@<>"']+@[^\s@<>"']+\.[a-z]{2,}/i;
  const PHONE = /\+\d[\d\s()\/-]{7,}\d|\b0\d{2,5}[\s\/-]\d[\d\s\/-]{4,}\d/;
  const CELLS = "td, th, dt, label";
  const captions = new Set(rules.captions.map(text => text.toLowerCase()));
  const plain = text => text.replace(/\s+/g, " ").trim();

  const put = (element, what) => {
    if (element && element.getAttribute(MARK) !== what) element.setAttribute(MARK, what);
  };
  const each = (selectors, act) => {
    if (selectors.length) document.querySelectorAll(selectors.join(", ")).forEach(act);
  };
  const column = cell => {
    const table = cell.closest("table");
    for (const row of table ? table.rows : []) {
      if (row !== cell.parentElement) put(row.cells[cell.cellIndex], "personal");
    }
  };
  const beside = cell => {
    const text = plain(cell.textContent).replace(/:$/, "").toLowerCase();
    if (!captions.has(text)) return;
    if (cell.tagName === "LABEL" && cell.control) put(cell.control, "personal");
    else if (cell.tagName === "TH" && cell.nextElementSibling?.tagName !== "TD") column(cell);
    else put(cell.nextElementSibling, "personal");
  };
  const texts = () => {
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!parent || parent.tagName === "SCRIPT" || parent.tagName === "STYLE") continue;
      if (EMAIL.test(node.data) || PHONE.test(node.data)) put(parent, "personal");
    }
  };
  const sweep = () => {
    const open = rules.public.length ? rules.public.join(", ") : "baton-none";
    each([FREE], element => {
      if (element.type === "password") put(element, "secret");
      else if (!element.matches(open)) put(element, "personal");
    });
    each(rules.personal, element => put(element, "personal"));
    if (captions.size) each([CELLS], beside);
    each(rules.public, element => put(element, "shown"));
    texts();
  };

  // The page is drawn covered from its first moment, so that no picture can be taken too early; a page that throws
  // its style sheets away gets this one back before the next picture.
  let [sheet, home] = [null, null];
  const cover = () => {
    if (home !== document) {  // a new window keeps its object when its first document comes
      [sheet, home] = [new CSSStyleSheet(), document];
      sheet.replaceSync(rules.style);
      watch();
    }
    if (!document.adoptedStyleSheets.includes(sheet)) {
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    }
  };

  const hides = (element, before) => {
    const mark = element.getAttribute(MARK);
    return mark === "shown" ? "" : mark || before;
  };
  const above = element => {
    for (let one = element; one; one = one.parentElement) {
      if (one.hasAttribute(MARK)) return hides(one, "");
    }
    return "";
  };
  const value = element =>
    element.tagName === "SELECT" ? (element.selectedOptions[0]?.text ?? "") : element.value ?? element.textContent;

  // The screen as text, one line for each thing, in the order of the page.
  const ROLES = {A: "link", BUTTON: "button", TEXTAREA: "textbox", SELECT: "combobox", TABLE: "table", TR: "row",
    TD: "cell", TH: "columnheader", LI: "listitem", UL: "list", OL: "list", FORM: "form", IMG: "img", DIALOG: "dialog",
    H1: "heading", H2: "heading", H3: "heading", H4: "heading", H5: "heading", H6: "heading"};
  const TYPES = {submit: "button", button: "button", reset: "button", image: "button", checkbox: "checkbox",
    radio: "radio"};
  const role = element => element.getAttribute("role")
    ?? (element.tagName === "INPUT" ? TYPES[element.type] ?? "textbox" : ROLES[element.tagName] ?? "");
  const SKIPPED = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "HEAD", "IFRAME", "FRAME", "OBJECT"]);
  const GROUPS = new Set(["table", "row", "list", "form", "dialog"]);
  const seen = element => element.checkVisibility({visibilityProperty: true});
  const said = (node, hidden) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (!node.data.trim()) return " ";
      return hidden ? ` ${TOKEN[hidden]} ` : node.data;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || SKIPPED.has(node.tagName) || !seen(node)) return "";
    const now = hides(node, hidden);
    return [...node.childNodes].map(child => said(child, now)).join("");
  };
  const tell = (element, depth, hidden, lines) => {
    const now = hides(element, hidden);
    const line = text => { if (text) lines.push(`${"  ".repeat(depth)}- ${text}`); };
    const what = role(element);
    if (["textbox", "combobox", "checkbox", "radio"].includes(what)) {
      const name = plain(element.labels?.[0]?.textContent ?? "") || element.name || element.id;
      const checked = element.checked ? " [checked]" : "";
      const shown = ["checkbox", "radio"].includes(what) ? "" : now ? TOKEN[now] : plain(value(element));
      return line(`${what} ${JSON.stringify(name)}${checked}${shown ? `: ${shown}` : ""}`);
    }
    if (what === "button" && element.tagName === "INPUT") return line(`button ${JSON.stringify(element.value)}`);
    if (what === "img") return line(`img ${JSON.stringify(now ? TOKEN[now] : element.alt)}`);
    const holds = element.querySelector("input, select, textarea, button, a, table, ul, ol, form, img");
    const inner = what && !GROUPS.has(what) && !holds;
    if (inner) return line(`${what} ${JSON.stringify(plain(said(element, hidden)))}`);
    if (what) line(`${what}:`);
    for (const child of element.childNodes) {
      const at = what ? depth + 1 : depth;
      if (child.nodeType === Node.TEXT_NODE && child.data.trim()) {
        lines.push(`${"  ".repeat(at)}- text: ${plain(said(child, now))}`);
      } else if (child.nodeType === Node.ELEMENT_NODE && !SKIPPED.has(child.tagName) && seen(child)) {
        tell(child, at, now, lines);
      }
    }
  };

  // What stands under the marks, with its place in the picture of the whole page.
  const offset = () => {
    let [x, y, view] = [0, 0, window];
    try {
      for (; view !== view.top; view = view.parent) {
        const place = view.frameElement.getBoundingClientRect();
        x += place.x + view.frameElement.clientLeft;
        y += place.y + view.frameElement.clientTop;
      }
      return [x + view.scrollX, y + view.scrollY];
    } catch { return null; }  // a frame of another origin does not say where it stands
  };
  const named = element => {
    const cell = element.closest("td, dd");
    return element.name || element.id || plain(cell?.previousElementSibling?.textContent ?? "") || "text";
  };
  const under = () => {
    const from = offset();
    return [...document.querySelectorAll(`[${MARK}=personal]`)].flatMap(element => {
      const text = plain(value(element) ?? "");
      const told = !element.matches(FREE) && above(element.parentElement);  // with what surrounds it
      if (!text || told || !seen(element)) return [];
      const box = element.getBoundingClientRect();
      const place = from ? [box.x + from[0], box.y + from[1], box.width, box.height].map(Math.round) : null;
      return [{name: named(element), text, place}];
    });
  };
  const count = () => [...document.querySelectorAll(`[${MARK}]`)].filter(
    element => element.getAttribute(MARK) !== "shown" && seen(element)).length;

  const look = wantsText => {
    cover();
    sweep();
    const lines = [];
    if (wantsText && document.body) tell(document.body, 0, "", lines);
    return {text: lines.join("\n"), hidden: under(), masked: count()};
  };
  const watch = () => new MutationObserver(sweep).observe(document, {
    childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["id", "name", "class", "type"],
  });
  const begin = () => { cover(); sweep(); };
  Object.defineProperty(window, HOME, {value: look});
  window.addEventListener("DOMContentLoaded", begin, true);
  begin();
}

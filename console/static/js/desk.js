// The workbench: who else looks, the reader's time zone, ready texts, and a warning before something typed is left.
const EVERY = 30000;
let touched = false;
let unsent = false;

async function beat(place) {
  if (document.visibilityState !== "visible") return;
  const body = new URLSearchParams({ typing: touched ? "yes" : "" });
  touched = false;
  const csrf = document.querySelector('input[name="csrf"]')?.value ?? "";
  const answer = await fetch(place.dataset.beats, { method: "POST", body, headers: { "X-CSRF-Token": csrf } }).catch(() => null);
  if (!answer?.ok) return;
  const told = await answer.text();
  if (place.innerHTML.trim() !== told.trim()) place.innerHTML = told;
}

function fill(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const found = form.elements[name];
    if (!found) continue;
    if (found instanceof RadioNodeList) found.value = value;
    else found.value = value;
  }
  const text = form.querySelector("textarea");
  text?.focus();
  touched = unsent = true;
}

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

const place = document.querySelector("[data-beats]");
if (place && !("still" in place.dataset)) {
  setInterval(() => beat(place), EVERY);
  document.addEventListener("visibilitychange", () => beat(place));
}
document.addEventListener("input", (event) => {
  if (!event.target.closest("form[data-keeps]")) return;
  const first = !touched;
  touched = unsent = true;
  if (first && place && !("still" in place.dataset)) beat(place).then(() => { touched = true; });
});
document.addEventListener("input", (event) => {
  const until = event.target.closest(".until");
  if (until && event.target.type === "datetime-local") until.querySelector('input[value="moment"]').checked = true;
});
// A look-up is put in its place: what is typed elsewhere on the page stays.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-in-place]");
  if (!form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const sent = { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-In-Place": "yes" } };
  const answer = await fetch(form.action, sent).catch(() => null);
  const target = document.querySelector(form.dataset.inPlace);
  const part = answer && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(form.dataset.inPlace);
  if (!part) return form.submit();
  target.replaceWith(part);
  htmx.process(part);
  part.dispatchEvent(new CustomEvent("htmx:after:swap", { bubbles: true }));
}, true);
document.addEventListener("submit", () => { unsent = false; });
addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const macro = event.target.closest("[data-fills]");
  if (!macro) return;
  event.preventDefault();
  fill(macro.closest("form"), JSON.parse(macro.dataset.fills));
});
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("[data-fills]")) { event.preventDefault(); event.target.click(); }
});
addEventListener("hashchange", openTarget);
openTarget();

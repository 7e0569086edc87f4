// A part that refreshes itself stands still while somebody points at one of its rows, types or has ticked something in
// it: nothing moves under the pointer. What changed meanwhile is announced, and shown with the next refresh after that.
function inUse(part) {
  return part.querySelector(":is(tr, li):hover, input:checked") || part.contains(document.activeElement);
}

export function startStill() {
  document.addEventListener("htmx:before:swap", (event) => {
    const part = event.target.closest?.("[data-stands-still]");
    if (!part) return;
    const news = document.getElementById(part.dataset.standsStill);
    const changed = !event.detail.ctx.text.includes(`data-print="${part.dataset.print}"`);
    const still = inUse(part);
    if (news) news.hidden = !(changed && still);
    if (still || !changed) event.preventDefault();
  });
}

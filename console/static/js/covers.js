// A list with ticks says what its buttons cover: what is ticked, or everything where nothing is.
function tell(form) {
  const place = form.querySelector("[data-covered]");
  const ticked = form.querySelectorAll('input[name="id"]:checked').length;
  const words = ticked === 0 ? place.dataset.all : ticked === 1 ? place.dataset.one : place.dataset.many.replace("#", ticked);
  if (place.textContent !== words) place.textContent = words;
}

export function startCovers() {
  document.querySelectorAll("form[data-covers]:has([data-covered])").forEach((form) => {
    form.addEventListener("change", () => tell(form));
    addEventListener("pageshow", () => tell(form)); // the browser's back button keeps ticks
  });
}

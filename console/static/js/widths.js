// A word to the makers takes along how wide the window is, and shows that it does.
export function startWidths() {
  document.querySelectorAll("input[data-width]").forEach((field) => { field.value = window.innerWidth; });
  document.querySelectorAll("[data-width-shown]").forEach((place) => { place.textContent = `${window.innerWidth} px`; });
}

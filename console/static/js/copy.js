// Copies the value of a button; without the clipboard of a secure page the old way does.
function copyTheOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no secure page, or the reader's browser does not allow it
    copyTheOldWay(text);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copy(button.dataset.copy);
  const label = button.querySelector("span");
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = "Copy"; }, 1500);
});

// "All of them" over a list of ticks, and a button that says how many are ticked.
function count(form) {
  const boxes = [...form.querySelectorAll("input[data-pick]")];
  const picked = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("input[data-pick-all]");
  if (all) {
    all.checked = boxes.length > 0 && picked === boxes.length;
    all.indeterminate = picked > 0 && picked < boxes.length;
  }
  for (const button of form.querySelectorAll("[data-picked-button]")) button.disabled = !picked;
  for (const place of form.querySelectorAll("[data-picked]")) place.textContent = picked ? `(${picked})` : "";
}

export function startPicks() {
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("form[data-picks]");
    if (!form) return;
    if ("pickAll" in target.dataset) {
      for (const box of form.querySelectorAll("input[data-pick]")) box.checked = target.checked;
    }
    count(form);
  });
  document.querySelectorAll("form[data-picks]").forEach(count);
}

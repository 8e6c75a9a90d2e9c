// One amount at a time: typing chooses "Other", choosing a preset empties the field. A way to pay that does not take
// the amount says its limits at once; the server has the last word. The form may come into the page later than this.
const typed = () => document.querySelector("[data-own-amount]");

function amount() {
  const preset = document.querySelector('input[name="preset"]:checked')?.value;
  const text = preset && preset !== "other" ? preset : (typed()?.value ?? "");
  const digits = text.replace(/^\s*rp/i, "").replace(/[\s.,]/g, "");
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : null;
}

function judge() {
  const value = amount();
  for (const way of document.querySelectorAll("input[data-least]")) {
    const outside = value !== null && (value < Number(way.dataset.least) || value > Number(way.dataset.most));
    way.closest(".way").classList.toggle("is-outside", outside);
  }
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-own-amount]")) return;
  const other = document.querySelector('input[name="preset"][value="other"]');
  if (event.target.value && other) other.checked = true;
  judge();
});

document.addEventListener("change", (event) => {
  if (!event.target.matches('input[name="preset"]')) return;
  if (event.target.value === "other") typed()?.focus();
  else if (typed()) typed().value = "";
  judge();
});

judge();

// One amount at a time: typing chooses "Other", choosing a preset empties the field. A way to pay that does not take
// the amount says its limits at once; the server has the last word.
const typed = document.querySelector("[data-own-amount]");
const presets = document.querySelectorAll('input[name="preset"]');
const ways = document.querySelectorAll("input[data-least]");

function amount() {
  const preset = document.querySelector('input[name="preset"]:checked')?.value;
  const text = preset && preset !== "other" ? preset : (typed?.value ?? "");
  const digits = text.replace(/^\s*rp/i, "").replace(/[\s.,]/g, "");
  return /^[0-9]{1,15}$/.test(digits) ? Number(digits) : null;
}

function judge() {
  const value = amount();
  for (const way of ways) {
    const outside = value !== null && (value < Number(way.dataset.least) || value > Number(way.dataset.most));
    way.closest(".way").classList.toggle("is-outside", outside);
  }
}

typed?.addEventListener("input", () => {
  const other = document.querySelector('input[name="preset"][value="other"]');
  if (typed.value && other) other.checked = true;
  judge();
});

for (const preset of presets) {
  preset.addEventListener("change", () => {
    if (preset.value === "other") typed.focus();
    else typed.value = "";
    judge();
  });
}

judge();

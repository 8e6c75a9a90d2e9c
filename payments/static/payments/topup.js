// One amount at a time: typing chooses "Other", choosing a preset empties the field.
const typed = document.querySelector("[data-own-amount]");
const presets = document.querySelectorAll('input[name="preset"]');

typed?.addEventListener("input", () => {
  const other = document.querySelector('input[name="preset"][value="other"]');
  if (typed.value && other) other.checked = true;
});

for (const preset of presets) {
  preset.addEventListener("change", () => {
    if (preset.value === "other") typed.focus();
    else typed.value = "";
  });
}

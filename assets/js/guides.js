// The guides for developers: one language for all examples of a page, and the reader's own key in them. The key stays
// in this page's memory: the field has no name, is part of no form, and is emptied when the page is left.
const REMEMBERED = "example-language";
const PLACES = [
  ['os.environ["KEY"]', (key) => `"${key}"`],
  ["getenv('KEY')", (key) => `'${key}'`],
  ["${process.env.KEY}", (key) => key],
  ["$KEY", (key) => key],
];
const A_KEY = /^tp_(test|live)_[A-Za-z0-9_-]+$/;

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function choose(language) {
  for (const choice of document.querySelectorAll(".code-choice")) {
    if (choice.dataset.language === language) choice.checked = true;
  }
}

function remember(language) {
  choose(language);
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // It is then asked for again on the next page.
  }
}

function filled(text, key) {
  if (!key) return text;
  return PLACES.reduce((done, [place, written]) => done.replaceAll(place, written(key)), text);
}

function fill(key) {
  for (const box of document.querySelectorAll(".code-box")) {
    const code = box.querySelector("code");
    box.example ??= code.textContent;
    code.textContent = filled(box.example, key);
    const button = box.querySelector("[data-copy]");
    if (button) button.dataset.copy = code.textContent;
  }
}

function take(field) {
  const typed = field.value.trim();
  fill(A_KEY.test(typed) ? typed : "");
  const live = document.querySelector("[data-own-key-live]");
  if (live) live.hidden = !typed.startsWith("tp_live_");
}

export function startGuides() {
  const language = remembered();
  if (language) choose(language);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.(".code-choice")) remember(event.target.dataset.language);
  });
  const field = document.querySelector("[data-own-key]");
  if (!field) return;
  field.addEventListener("input", () => take(field));
  addEventListener("pagehide", () => {
    field.value = "";
    fill("");
  });
}

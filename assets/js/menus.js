import { applyTheme, chosenTheme, followSystem, menuIsNarrow, remember } from "./preferences.js";
import { word } from "./words.js";

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

function startDropdowns() {
  document.addEventListener("click", (event) => closeMenus(event.target.closest?.("details[data-menu]")));
  document.addEventListener("focusin", (event) => closeMenus(event.target.closest?.("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
}

function markTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosenTheme()));
  }
}

function startTheme() {
  followSystem();
  markTheme();
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-choice]");
    if (!button) return;
    remember("theme", button.dataset.themeChoice);
    applyTheme(button.dataset.themeChoice);
    markTheme();
  });
}

function startFold() {
  const button = document.querySelector("[data-fold]");
  if (!button) return;
  const mark = () => {
    const narrow = menuIsNarrow();
    document.documentElement.classList.toggle("narrow-menu", narrow);
    button.setAttribute("aria-expanded", String(!narrow));
    button.setAttribute("aria-label", word(narrow ? "unfold" : "fold"));
  };
  mark();
  button.addEventListener("click", () => {
    remember("menu", menuIsNarrow() ? "wide" : "narrow");
    mark();
  });
}

export function startMenus() {
  startDropdowns();
  startTheme();
  startFold();
}

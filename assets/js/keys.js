import { copyFrom } from "./copy.js";
import { recall, remember } from "./preferences.js";

const allowed = () => recall("shortcuts", "on") === "on";

function isTyping(element) {
  return element?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? "");
}

function firstShown(selector) {
  return [...document.querySelectorAll(selector)].find((element) => element.checkVisibility?.() ?? true);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!allowed() || isTyping(document.activeElement) || document.querySelector("dialog[open]")) return;
  if (event.key === "/") {
    const search = firstShown("[data-search]");
    const page = document.querySelector("[data-search-page]");
    if (!search && !page) return;
    event.preventDefault();
    if (!search) return page.click();
    search.focus();
    search.select?.();
  } else if (/^[a-z]$/.test(event.key)) {
    const button = firstShown(`[data-copy-key="${event.key}"]`);
    if (button) copyFrom(button);
  }
}

const show = () => (document.documentElement.dataset.shortcuts = allowed() ? "on" : "off");

export function startKeys() {
  show();
  document.addEventListener("keydown", onKey);
  for (const box of document.querySelectorAll("[data-shortcuts-switch]")) {
    box.checked = allowed();
    box.addEventListener("change", () => {
      remember("shortcuts", box.checked ? "on" : "off");
      show();
    });
  }
}

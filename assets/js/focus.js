// A part of the page was exchanged, and what had the focus is gone: leave it at the part's heading, not at the top.
import { onPageChange } from "./words.js";

let region;
let held;

function note() {
  held = document.activeElement;
  region = held?.closest?.("[data-keeps-focus]");
}

function settle() {
  if (!region?.isConnected || held.isConnected || document.activeElement !== document.body) return;
  region.querySelector("[data-focus-here]")?.focus({ preventScroll: true });
}

export function startFocus() {
  document.addEventListener("htmx:before:swap", note);
  onPageChange(settle);
}

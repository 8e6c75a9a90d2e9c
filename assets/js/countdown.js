import { serverNow } from "./clock.js";
import { announce, onPageChange, word } from "./words.js";

const lastSeen = new Map();
// Moments from which on something may be done; only what runs out is announced on the way.
const gates = new Set(["cancel", "replace", "resend"]);
const marks = [
  [300, "leftMinutes"],
  [60, "leftMinute"],
];

export function digits(seconds) {
  const pad = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

function sayWhatWasPassed(element, before, left) {
  const { countdownKind: kind, countdownLabel: label } = element.dataset;
  const passed = marks.filter(([mark]) => !gates.has(kind) && before > mark && left <= mark && left > 0);
  const name = left === 0 ? `over${kind[0].toUpperCase()}${kind.slice(1)}` : passed.at(-1)?.[1];
  if (name) announce([label, word(name)].filter(Boolean).join(": "));
}

function show(element) {
  const left = Math.max(0, Math.ceil((Date.parse(element.dataset.deadline) - serverNow()) / 1000));
  const key = element.dataset.countdownKey;
  const before = lastSeen.get(key);
  const face = element.querySelector(".countdown-digits");
  const text = digits(left);
  if (face.textContent !== text) face.textContent = text;
  const part = Math.min(100, (100 * left) / Number(element.dataset.total));
  element.querySelector(".countdown-arc")?.setAttribute("stroke-dasharray", `${part.toFixed(1)} 100`);
  element.toggleAttribute("data-over", left === 0);
  element.toggleAttribute("data-soon", left > 0 && left <= 60);
  lastSeen.set(key, left);
  if (before === undefined || before === left) return;
  sayWhatWasPassed(element, before, left);
  if (left === 0) element.dispatchEvent(new CustomEvent("countdown-end", { bubbles: true }));
}

function tick() {
  document.querySelectorAll("[data-deadline]").forEach(show);
  document.querySelectorAll("[data-enable-at]").forEach((element) => {
    if (Date.parse(element.dataset.enableAt) <= serverNow()) element.disabled = false;
  });
}

export function startCountdowns() {
  tick();
  setInterval(tick, 1000);
  onPageChange(tick);
  document.addEventListener("visibilitychange", tick);
}

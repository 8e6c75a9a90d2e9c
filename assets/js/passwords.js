// A button in every password field that shows what is typed.
import { word } from "./words.js";

function toggle(input, button) {
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.textContent = word(show ? "hidePassword" : "showPassword");
  button.setAttribute("aria-pressed", String(show));
  input.focus();
}

function equip(input) {
  const frame = document.createElement("div");
  frame.className = "password-frame";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "password-show";
  button.textContent = word("showPassword");
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-controls", input.id);
  input.replaceWith(frame);
  frame.append(input, button);
  button.addEventListener("click", () => toggle(input, button));
  // What leaves the page, or is remembered by the browser, is a password again.
  input.form?.addEventListener("submit", () => (input.type = "password"));
}

export function startPasswords() {
  const focused = document.activeElement;
  for (const input of document.querySelectorAll('input[type="password"]')) equip(input);
  if (focused?.matches?.(".password-frame input")) focused.focus();
}

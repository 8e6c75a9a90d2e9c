import { announce, word } from "./words.js";

async function write(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copy refused");
}

export async function copyFrom(button) {
  const hadFocus = document.activeElement;
  try {
    await write(button.dataset.copy);
    button.classList.add("is-copied");
    const said = word("copied").replace("%(what)s", button.dataset.copyLabel);
    announce(said[0].toUpperCase() + said.slice(1));
    setTimeout(() => button.classList.remove("is-copied"), 2000);
  } catch {
    announce(word("copyFailed"));
  }
  hadFocus?.focus?.();
}

export function startCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copyFrom(button);
  });
}

// A second click sends nothing twice. (The server has its own key; this spares the reader the doubt.)
const sent = new Set();

function setBusy(form, busy) {
  const buttons = form.querySelectorAll('button[type="submit"], button:not([type]), input[type="submit"]');
  for (const button of buttons) {
    if (busy && button.disabled) continue;
    if (!busy && button.getAttribute("aria-busy") !== "true") continue;
    button.disabled = busy;
    button.toggleAttribute("aria-busy", busy);
    if (busy) button.setAttribute("aria-busy", "true");
    button.classList.toggle("btn-loading", busy && button.classList.contains("btn"));
  }
}

function guard(event) {
  const form = event.target;
  if (form.method !== "post" || "noGuard" in form.dataset) return;
  if (sent.has(form)) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (event.defaultPrevented) return;
  sent.add(form);
  // After this turn: a disabled button would not be part of what is sent.
  setTimeout(() => setBusy(form, true));
}

function release() {
  for (const form of sent) setBusy(form, false);
  sent.clear();
}

export function startForms() {
  document.addEventListener("submit", guard);
  window.addEventListener("pageshow", (event) => event.persisted && release());
  document.addEventListener("htmx:before:request", ({ detail }) => {
    const form = detail.ctx.request.form;
    if (form?.method === "post") setBusy(form, true);
  });
  document.addEventListener("htmx:finally:request", ({ detail }) => {
    const form = detail.ctx.request.form;
    if (form?.method === "post") setBusy(form, false);
  });
  document.querySelector("[data-form-errors]")?.focus();
}

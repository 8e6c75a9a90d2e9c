const confirmed = new WeakSet();

function fill(dialog, form) {
  const { confirm, confirmAmount, confirmRecipient, confirmText, confirmAction, confirmTone } = form.dataset;
  dialog.querySelector(".dialog-title").textContent = confirm;
  const parts = { amount: confirmAmount, recipient: confirmRecipient, text: confirmText };
  for (const [name, text] of Object.entries(parts)) {
    const part = dialog.querySelector(`[data-part="${name}"]`);
    part.hidden = !text;
    (part.querySelector("dd") ?? part).textContent = text ?? "";
  }
  const action = dialog.querySelector('[data-part="action"]');
  action.textContent = confirmAction;
  action.className = `btn ${confirmTone === "danger" ? "btn-danger" : "btn-primary"}`;
}

function ask(dialog, form, submitter) {
  fill(dialog, form);
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue !== "go" || !form.isConnected) return;
      confirmed.add(form);
      form.requestSubmit(submitter?.isConnected ? submitter : null);
      confirmed.delete(form);
    },
    { once: true },
  );
}

export function startConfirming() {
  const dialog = document.getElementById("confirm-dialog");
  if (!dialog?.showModal) return;
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.dataset.confirm || confirmed.has(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(dialog, form, event.submitter);
    },
    { capture: true },
  );
}

// Passkeys: the browser asks the person, the form carries the answer. Its own file: three pages need it.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

function toText(buffer) {
  const signs = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const withId = (entry) => ({ ...entry, id: toBytes(entry.id) });

function forCreating({ publicKey }, alone) {
  const selection = { ...publicKey.authenticatorSelection };
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return {
    ...publicKey,
    authenticatorSelection: selection,
    challenge: toBytes(publicKey.challenge),
    user: withId(publicKey.user),
    excludeCredentials: (publicKey.excludeCredentials ?? []).map(withId),
  };
}

function forProving({ publicKey }) {
  return {
    ...publicKey,
    challenge: toBytes(publicKey.challenge),
    allowCredentials: (publicKey.allowCredentials ?? []).map(withId),
  };
}

function asJson(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const written = parts.filter((part) => response[part]).map((part) => [part, toText(response[part])]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...Object.fromEntries(written), transports: response.getTransports?.() },
  });
}

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

async function ask(form) {
  const options = await optionsOf(form);
  if (form.dataset.passkey === "create") {
    const alone = form.elements.passwordless?.checked ?? false;
    return navigator.credentials.create({ publicKey: forCreating(options.creation_options, alone) });
  }
  return navigator.credentials.get({ publicKey: forProving(options.request_options) });
}

async function start(form, button) {
  const failed = form.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  button.disabled = true;
  try {
    form.elements.credential.value = asJson(await ask(form));
    form.submit();
  } catch {
    // Cancelled, timed out, or no passkey here: the browser has said which.
    failed.hidden = false;
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  const button = form.querySelector("[data-passkey-start]");
  if (!window.PublicKeyCredential) form.hidden = true;
  button.addEventListener("click", () => start(form, button));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start(form, button);
  });
}
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-passkey-start]")) button.disabled = false;
});

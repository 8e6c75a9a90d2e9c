// Sends each file as soon as it is chosen, with progress; without this script the form sends them all at once.
const form = document.querySelector("[data-upload]");
const status = document.querySelector("[data-upload-status]");
const words = form?.dataset ?? {};
const most = Number(words.most);
const LONGEST = 3600;
const FEW = 480;
// What is on its way; each promise says in the end whether it arrived.
const underway = new Set();
let failures = 0;
let isWaiting = false;

function track(work) {
  const done = (arrived) => {
    underway.delete(work);
    if (arrived !== true) failures += 1;
  };
  underway.add(work);
  work.then(done, done);
}

function slotOf(element) {
  return element.closest("[data-upload-slot]");
}

function say(text) {
  if (status) status.textContent = text;
}

function complain(slot, text, tone = "danger") {
  slot.querySelector(".upload-note")?.remove();
  const note = document.createElement("div");
  note.className = `upload-note text-${tone}`;
  note.setAttribute("role", "alert");
  note.textContent = text;
  slot.querySelector("[data-upload-drop]").before(note);
}

async function opened(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

function drawn(image, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  return canvas;
}

// Phones take pictures of ten megabytes. Nobody should have to know how to make one smaller.
async function smaller(file, image) {
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const canvas = drawn(image, Math.round(image.width * scale), Math.round(image.height * scale));
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
  return blob && new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
}

async function prepared(file, slot) {
  const isPicture = file.type.startsWith("image/") || /\.(heic|heif)$/i.test(file.name);
  const image = isPicture ? await opened(file) : null;
  if (image) preview(slot, image);
  const isKnown = /^(image\/(jpeg|png)|application\/pdf)$/.test(file.type);
  if (image && (file.size > most || !isKnown)) file = (await smaller(file, image)) ?? file;
  else if (isPicture && !image && !isKnown) return { problem: words.heic };
  if (file.size > most) return { problem: words.tooLarge };
  return { file, hint: image && Math.max(image.width, image.height) < FEW ? words.small : "" };
}

function preview(slot, image) {
  const canvas = slot.querySelector("[data-upload-preview]");
  const scale = Math.min(canvas.width / image.width, canvas.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  const paper = canvas.getContext("2d");
  paper.clearRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}

function send(slot, file) {
  const data = new FormData();
  data.append("kind", slot.dataset.uploadSlot);
  data.append("file", file);
  const bar = slot.querySelector("[data-upload-bar]");
  const name = slot.querySelector("[data-upload-name]");
  return new Promise((done) => {
    const call = new XMLHttpRequest();
    call.open("POST", form.dataset.upload);
    call.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    call.upload.onprogress = ({ loaded, total }) => {
      bar.value = (loaded / total) * 100;
      if (loaded === total) {
        bar.removeAttribute("value"); // sent; now it is being looked at
        name.textContent = `${words.checking}: ${file.name}`;
      }
    };
    call.onload = () => done(call);
    call.onerror = () => done(null);
    call.send(data);
  });
}

function replace(slot, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const fresh = holder.content.firstElementChild;
  slot.replaceWith(fresh);
  return fresh;
}

function isSlot(call) {
  return call && (call.status === 200 || call.status === 422) && call.responseText.includes("data-upload-slot");
}

async function take(slot, given) {
  slot.setAttribute("aria-busy", "true");
  slot.querySelector(".upload-note")?.remove();
  const { file, problem, hint } = await prepared(given, slot);
  if (problem) {
    slot.removeAttribute("aria-busy");
    complain(slot, problem);
    return false;
  }
  slot.querySelector("[data-upload-progress]").hidden = false;
  slot.querySelector("[data-upload-drop]").hidden = true;
  slot.querySelector("[data-upload-name]").textContent = `${words.sending}: ${file.name}`;
  say(`${words.sending}: ${file.name}`);
  const call = await send(slot, file);
  finish(slot, call, hint);
  return isSlot(call) && call.status === 200;
}

function begin(slot, file) {
  if (slot.getAttribute("aria-busy") !== "true") track(take(slot, file));
}

function finish(slot, call, hint) {
  if (isSlot(call)) {
    const fresh = replace(slot, call.responseText);
    fresh.querySelector("h3").focus({ preventScroll: true });
    say(call.status === 200 ? words.added : "");
    if (call.status === 200 && hint) complain(fresh, hint, "warning");
    return;
  }
  slot.removeAttribute("aria-busy");
  slot.querySelector("[data-upload-progress]").hidden = true;
  slot.querySelector("[data-upload-drop]").hidden = false;
  complain(slot, call?.status === 413 ? words.tooLarge : words.failed);
}

async function removeOne(button) {
  const slot = slotOf(button);
  button.disabled = true;
  const answer = await fetch(button.dataset.uploadRemove, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  }).catch(() => null);
  const text = answer && [200, 422].includes(answer.status) ? await answer.text() : "";
  if (text.includes("data-upload-slot")) replace(slot, text).querySelector("h3").focus({ preventScroll: true });
  else button.disabled = false;
  return Boolean(text);
}

// Whoever presses Send while a file is still on its way means: with that file.
async function sendAfterwards(submitter) {
  if (isWaiting) return;
  isWaiting = true;
  const button = submitter?.hidden ? form.querySelector("[data-upload-send]") : submitter;
  const label = button?.innerHTML;
  if (button) button.textContent = words.waiting;
  button?.setAttribute("aria-disabled", "true");
  say(words.waiting);
  const arrived = await allThere();
  if (button) button.innerHTML = label;
  button?.removeAttribute("aria-disabled");
  isWaiting = false;
  if (arrived) {
    form.requestSubmit(submitter);
    return;
  }
  say(words.stopped);
  form.querySelector(".upload-note.text-danger")?.scrollIntoView({ block: "center" });
}

async function allThere() {
  failures = 0;
  while (underway.size) await Promise.allSettled(underway);
  return failures === 0;
}

form?.addEventListener("submit", (event) => {
  if (!underway.size && !isWaiting) return;
  event.preventDefault();
  sendAfterwards(event.submitter);
});

form?.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-upload-input]") || !target.files.length) return;
  const [file] = target.files;
  // What goes ahead must not go along with the form once more.
  target.value = "";
  begin(slotOf(target), file);
});

form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-upload-remove]");
  if (!button) return;
  event.preventDefault();
  track(removeOne(button));
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  form?.addEventListener(kind, (event) => {
    const slot = slotOf(event.target);
    slot?.classList.toggle("is-over", kind === "dragover");
    event.preventDefault();
    if (kind === "drop" && slot && event.dataTransfer.files.length) begin(slot, event.dataTransfer.files[0]);
  });
}

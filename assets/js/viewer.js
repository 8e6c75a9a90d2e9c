// The page of a reviewer: documents that can be enlarged, turned and moved, and a key for everything.
import { recall } from "./preferences.js";
import { announce } from "./words.js";

const viewer = document.querySelector("[data-viewer]");
const sheets = [...document.querySelectorAll("[data-sheet]")];
// Each sheet keeps how it was looked at while another one is shown.
const looks = new Map(sheets.map((sheet) => [sheet, { zoom: 1, turn: 0, x: 0, y: 0 }]));
const steps = [1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8];
let active = sheets.find((sheet) => !sheet.hidden);

const windowOf = (sheet) => sheet.querySelector(".sheet-window");
const imageOf = (sheet) => sheet.querySelector(".sheet-image");
const verdictOf = (sheet) => sheet && document.querySelector(`[data-verdict="${sheet.dataset.sheet}"]`);

function fitting(sheet, look) {
  // Lying on its side a page needs another size to fit; the image itself is laid out standing.
  if (look.turn % 180 === 0) return 1;
  const image = imageOf(sheet);
  const frame = windowOf(sheet);
  const shown = Math.min(frame.clientWidth / image.naturalWidth, frame.clientHeight / image.naturalHeight, 1e9);
  const lying = Math.min(frame.clientWidth / image.naturalHeight, frame.clientHeight / image.naturalWidth);
  return Number.isFinite(lying / shown) ? lying / shown : 1;
}

function draw(sheet) {
  const look = looks.get(sheet);
  const frame = windowOf(sheet);
  const scale = look.zoom * fitting(sheet, look);
  const reach = (size) => (size * Math.max(0, look.zoom - 1)) / 2 + (look.zoom > 1 ? size / 4 : 0);
  look.x = Math.max(-reach(frame.clientWidth), Math.min(reach(frame.clientWidth), look.x));
  look.y = Math.max(-reach(frame.clientHeight), Math.min(reach(frame.clientHeight), look.y));
  imageOf(sheet).style.transform = `translate(${look.x}px, ${look.y}px) rotate(${look.turn}deg) scale(${scale})`;
  frame.classList.toggle("is-large", look.zoom > 1);
}

function load(sheet) {
  const image = imageOf(sheet);
  if (!image.dataset.src) return;
  image.src = image.dataset.src;
  delete image.dataset.src;
}

function choose(sheet) {
  active = sheet;
  for (const one of sheets) one.classList.toggle("is-active", one === sheet);
  for (const box of document.querySelectorAll("[data-verdict]")) {
    box.classList.toggle("is-active", box === verdictOf(sheet));
  }
}

function show(names) {
  const wanted = sheets.filter((sheet) => names.includes(sheet.dataset.sheet));
  if (!wanted.length) return;
  for (const sheet of sheets) sheet.hidden = !wanted.includes(sheet);
  document.querySelector("[data-stage]").classList.toggle("is-pair", wanted.length > 1);
  wanted.forEach((sheet) => { load(sheet); draw(sheet); });
  choose(wanted.includes(active) ? active : wanted[0]);
  mark(names);
}

function mark(names) {
  const several = names.length > 1;
  for (const link of viewer.querySelectorAll("[data-show], [data-compare]")) {
    const chosen = several ? "compare" in link.dataset : link.dataset.show === names[0];
    link.classList.toggle("is-chosen", chosen);
    if (chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function zoom(by) {
  const look = looks.get(active);
  const at = steps.findIndex((step) => step >= look.zoom - 0.01);
  const next = steps[Math.max(0, Math.min(steps.length - 1, at + by))];
  look.x *= next / look.zoom;
  look.y *= next / look.zoom;
  look.zoom = next;
  draw(active);
  announce(`${Math.round(look.zoom * 100)} %`);
}

function turn(by) {
  looks.get(active).turn = (looks.get(active).turn + by + 360) % 360;
  draw(active);
}

function fit() {
  Object.assign(looks.get(active), { zoom: 1, x: 0, y: 0 });
  draw(active);
}

function move(x, y) {
  const look = looks.get(active);
  if (look.zoom === 1) return false;
  look.x += x;
  look.y += y;
  draw(active);
  return true;
}

function page(by) {
  const { pages } = active.dataset;
  const next = Number(active.dataset.page) + by;
  if (next < 1 || next > Number(pages)) return;
  active.dataset.page = next;
  const image = imageOf(active);
  image.src = (image.getAttribute("src") ?? "").replace(/page=\d+/, `page=${next}`);
  image.alt = image.alt.replace(/\d+(?=\D+\d+$)/, next);
  active.querySelector("[data-page-now]").textContent = next;
  for (const link of active.querySelectorAll("[data-turn]")) {
    const target = next + Number(link.dataset.turn);
    const usable = target >= 1 && target <= Number(pages);
    link.setAttribute("aria-disabled", String(!usable));
    link.href = `?document=${active.dataset.sheet}&page=${usable ? target : next}`;
  }
  announce(image.alt);
}

const tools = {
  smaller: () => zoom(-1),
  larger: () => zoom(1),
  fit,
  left: () => turn(-90),
  right: () => turn(90),
};

function startViewer() {
  viewer.addEventListener("click", (event) => {
    const target = event.target.closest("[data-do], [data-show], [data-compare], [data-turn], [data-sheet]");
    if (!target || event.ctrlKey || event.metaKey) return;
    const sheet = event.target.closest("[data-sheet]");
    if (sheet) choose(sheet);
    if (target === sheet) return;
    event.preventDefault();
    if (target.dataset.do) tools[target.dataset.do]();
    else if (target.dataset.turn) page(Number(target.dataset.turn));
    else if (target.dataset.show) show([target.dataset.show]);
    else show(target.dataset.compare.trim().split(" "));
  });
  for (const sheet of sheets) watch(sheet);
  window.addEventListener("resize", () => sheets.filter((sheet) => !sheet.hidden).forEach(draw));
  choose(active);
}

function watch(sheet) {
  const frame = windowOf(sheet);
  let from = null;
  imageOf(sheet).addEventListener("load", () => draw(sheet));
  frame.addEventListener("focus", () => choose(sheet));
  frame.addEventListener("pointerdown", (event) => {
    choose(sheet);
    if (looks.get(sheet).zoom === 1) return;
    from = [event.clientX, event.clientY];
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    move(event.clientX - from[0], event.clientY - from[1]);
    from = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => { from = null; });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    choose(sheet);
    zoom(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
}

// --- the decision
function tell(box) {
  const option = box.querySelector("[data-reason]").selectedOptions[0];
  const told = box.querySelector("[data-told]");
  told.hidden = !option?.value;
  if (!option?.value) return;
  told.querySelector("[data-told-en]").textContent = option.dataset.en;
  told.querySelector("[data-told-id]").textContent = option.dataset.id;
  told.querySelector("[data-told-yes]").hidden = !("retry" in option.dataset);
  told.querySelector("[data-told-no]").hidden = "retry" in option.dataset;
}

function nextUndecided() {
  const box = [...document.querySelectorAll("[data-verdict]")].find((one) => !one.querySelector("input:checked"));
  if (box) show([box.dataset.verdict]);
  else document.querySelector("[data-send]")?.focus();
}

function accept() {
  const choice = verdictOf(active)?.querySelector("[data-yes]");
  if (!choice) return;
  choice.checked = true;
  nextUndecided();
}

function refuse() {
  const box = verdictOf(active);
  if (!box) return;
  box.querySelector("[data-no]").checked = true;
  box.querySelector("[data-reason]").focus();
}

function note() {
  const box = verdictOf(active);
  if (!box) return;
  box.querySelector("details").open = true;
  box.querySelector("[data-note]").focus();
}

function startDeciding() {
  for (const box of document.querySelectorAll("[data-verdict]")) {
    const reason = box.querySelector("[data-reason]");
    reason.addEventListener("change", () => tell(box));
    tell(box);
    box.addEventListener("focusin", () => {
      const sheet = sheets.find((one) => one.dataset.sheet === box.dataset.verdict);
      if (sheet && sheet.hidden) show([sheet.dataset.sheet]);
      else if (sheet) choose(sheet);
    });
  }
}

// --- keys
function help() {
  document.getElementById("keys-help")?.showModal();
}

const keys = {
  "+": tools.larger,
  "=": tools.larger,
  "-": tools.smaller,
  0: fit,
  r: tools.right,
  R: tools.left,
  "[": () => page(-1),
  "]": () => page(1),
  PageUp: () => page(-1),
  PageDown: () => page(1),
  a: accept,
  x: refuse,
  n: note,
  b: () => viewer.querySelector("[data-compare]")?.click(),
};
const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

function isTyping(element) {
  return element?.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? "") && element.type !== "radio");
}

function onKey(event) {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const element = document.activeElement;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    document.querySelector("[data-send]")?.click();
    return;
  }
  if (event.key === "Escape" && isTyping(element)) {
    element.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(element) || recall("shortcuts", "on") !== "on") return;
  if (event.key === "?") help();
  else if (press(event.key)) event.preventDefault();
  else if (viewer && look(event.key, element)) event.preventDefault();
}

function press(key) {
  const button = /^[a-z]$/.test(key) && document.querySelector(`[data-key="${key}"]`);
  if (button) button.click();
  return Boolean(button);
}

function look(key, element) {
  if (/^[1-9]$/.test(key)) {
    const sheet = sheets[Number(key) - 1];
    if (sheet) show([sheet.dataset.sheet]);
    return Boolean(sheet);
  }
  // Arrows choose between radio buttons; everywhere else they move an enlarged page.
  if (arrows[key]) return element?.type !== "radio" && move(...arrows[key]);
  if (keys[key]) keys[key]();
  return Boolean(keys[key]);
}

// --- signs of life: at most one a minute, and only while somebody works
let last = Date.now();

function alive() {
  if (!document.getElementById("lease") || Date.now() - last < 60_000) return;
  last = Date.now();
  document.body.dispatchEvent(new CustomEvent("sign-of-life", { bubbles: true }));
}

document.addEventListener("keydown", onKey);
for (const event of ["keydown", "pointerdown", "pointermove", "wheel"]) {
  document.addEventListener(event, alive, { passive: true });
}
document.querySelector("[data-help]")?.addEventListener("click", help);
if (viewer && active) startViewer();
startDeciding();

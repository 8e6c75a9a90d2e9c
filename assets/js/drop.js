// A place to drop a file on: says what was chosen and shows its first lines. The form is sent as any other.
const SHOWN = 5;
const PEEK = 64 * 1024;

function size(bytes) {
  const units = ["B", "kB", "MB"];
  const step = Math.min(2, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  const figure = bytes / 1000 ** step;
  return `${figure.toLocaleString(document.documentElement.lang, { maximumFractionDigits: step ? 1 : 0 })} ${units[step]}`;
}

async function firstLines(file) {
  if (!/\.(csv|tsv|txt)$/i.test(file.name)) return "";
  const bytes = new Uint8Array(await file.slice(0, PEEK).arrayBuffer());
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  const lines = new TextDecoder(wide).decode(bytes).split(/\r\n|\r|\n/);
  const more = file.size > PEEK || lines.filter(Boolean).length > SHOWN;
  return lines.slice(0, SHOWN).join("\n") + (more ? "\n…" : "");
}

async function show(place, input) {
  const file = input.files[0];
  const chosen = place.querySelector("[data-drop-chosen]");
  chosen.hidden = !file;
  place.querySelector("[data-drop-empty]").hidden = Boolean(file);
  input.setCustomValidity("");
  if (!file) return;
  chosen.querySelector("[data-drop-name]").textContent = `${file.name}, ${size(file.size)}`;
  const tooLarge = file.size > Number(place.dataset.most);
  chosen.querySelector("[data-drop-trouble]").hidden = !tooLarge;
  if (tooLarge) input.setCustomValidity(place.dataset.tooLarge);
  const preview = chosen.querySelector("[data-drop-preview]");
  const text = tooLarge ? "" : await firstLines(file);
  preview.textContent = text;
  preview.hidden = !text;
}

function start(place) {
  const input = place.querySelector("input[type=file]");
  for (const name of ["dragenter", "dragover"]) place.addEventListener(name, () => place.classList.add("is-over"));
  for (const name of ["dragleave", "drop", "dragend"]) place.addEventListener(name, () => place.classList.remove("is-over"));
  input.addEventListener("change", () => show(place, input));
  // A page that comes back from the history may have a file in it already.
  if (input.files.length) show(place, input);
}

export function startDrops() {
  document.querySelectorAll("[data-drop]").forEach(start);
}

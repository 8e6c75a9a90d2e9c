// Words for the scripts come translated from the page; announcements go into its one polite live region.
export function word(name) {
  return document.getElementById("texts")?.dataset[name] ?? "";
}

export function announce(text) {
  const region = document.getElementById("announcer");
  if (!region || !text) return;
  const line = document.createElement("p");
  line.textContent = text;
  region.append(line);
  // Long enough for every reader to have spoken it, short enough not to be found later as stale text.
  setTimeout(() => line.remove(), 10_000);
}

export function onPageChange(act) {
  document.addEventListener("htmx:after:swap", act);
}

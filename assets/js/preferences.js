// Small choices that belong to this browser, not to the account.
const dark = matchMedia("(prefers-color-scheme: dark)");

export function recall(name, usual) {
  try {
    return localStorage.getItem(name) ?? usual;
  } catch {
    return usual;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that stores nothing still obeys for this page.
  }
}

export const chosenTheme = () => recall("theme", "auto");
export const menuIsNarrow = () => recall("menu", "wide") === "narrow";

export function applyTheme(choice) {
  const isDark = choice === "dark" || (choice === "auto" && dark.matches);
  document.documentElement.dataset.bsTheme = isDark ? "dark" : "light";
}

export function followSystem() {
  dark.addEventListener("change", () => applyTheme(chosenTheme()));
}

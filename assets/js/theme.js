// Runs before the first paint, so that neither the colours nor the menu jump.
import { chosenTheme, applyTheme, menuIsNarrow } from "./preferences.js";

const page = document.documentElement;
page.classList.add("js");
page.classList.toggle("narrow-menu", menuIsNarrow());
applyTheme(chosenTheme());

// Live regions ask again at once when the tab or the network comes back, and say when they cannot.
import { announce, word } from "./words.js";

let failures = 0;
let notice;

function resync() {
  if (!document.hidden) document.body.dispatchEvent(new CustomEvent("resync"));
}

function failed() {
  failures += 1;
  if (failures < 2 || notice) return;
  notice = document.createElement("div");
  notice.className = "alert alert-warning toast-line";
  notice.textContent = word("offline");
  document.getElementById("toasts").append(notice);
}

function worked() {
  failures = 0;
  if (!notice) return;
  notice.remove();
  notice = undefined;
  announce(word("online"));
}

function startToasts() {
  document.addEventListener("click", (event) => {
    event.target.closest?.("[data-dismiss]")?.closest(".alert")?.remove();
  });
  const fade = (line) => {
    if (!line.isConnected) return;
    if (line.matches(":hover, :focus-within")) setTimeout(() => fade(line), 3000);
    else line.remove();
  };
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (node.dataset && "passing" in node.dataset) setTimeout(() => fade(node), 8000);
    }
  }).observe(document.getElementById("toasts"), { childList: true });
}

export function startConnection() {
  document.addEventListener("visibilitychange", resync);
  window.addEventListener("online", resync);
  window.addEventListener("pageshow", (event) => event.persisted && resync());
  document.addEventListener("htmx:error", failed);
  document.addEventListener("htmx:after:request", ({ detail }) => (detail.ctx.response.status < 500 ? worked() : failed()));
  startToasts();
}

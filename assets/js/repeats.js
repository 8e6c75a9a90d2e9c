// Typing a word and pressing the button ask the same twice: the answer that is under way serves both.
const answered = new WeakMap();

function skip(event) {
  const { sourceElement, sourceEvent, request } = event.detail.ctx;
  const last = answered.get(sourceElement);
  if (last?.address === request.action && sourceEvent.timeStamp <= last.at) event.preventDefault();
}

function note({ detail }) {
  const { sourceElement, request, response } = detail.ctx;
  if (!(sourceElement instanceof HTMLFormElement) || request.method !== "GET" || response.status >= 400) return;
  answered.set(sourceElement, { address: request.action, at: performance.now() });
}

export function startRepeats() {
  document.addEventListener("htmx:before:request", skip);
  document.addEventListener("htmx:after:request", note);
}

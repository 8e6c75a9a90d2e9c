// A button that was pressed may be gone with the answer. Then the focus goes to the heading of what it stood in, not
// back to the top of the page.
let place;

export function startPlaces() {
  document.addEventListener("focusin", ({ target }) => {
    place = target.closest?.("[data-place]")?.dataset.place;
  });
  document.addEventListener("htmx:after:swap", () => {
    const lost = document.activeElement === document.body || !document.activeElement?.isConnected;
    if (place && lost) document.getElementById(place)?.focus({ preventScroll: true });
  });
}

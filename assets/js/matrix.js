// The matrix of rights: rows are sifted while one types, changed ticks are counted, leaving with unsaved ones asks.
function sift(table, words) {
  for (const body of table.tBodies) {
    let left = 0;
    for (const row of body.querySelectorAll("[data-sift-row]")) {
      const text = row.cells[0].textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      left += row.hidden ? 0 : 1;
    }
    body.hidden = left === 0;
  }
}

function startSifting() {
  for (const box of document.querySelectorAll("[data-sift]")) {
    const table = document.querySelector(`[data-sifted="${box.dataset.sift}"]`);
    if (!table) continue;
    box.addEventListener("input", () => sift(table, box.value.toLowerCase().split(/\s+/).filter(Boolean)));
  }
}

function startCounting(form) {
  const line = form.querySelector("[data-matrix-count]");
  if (!line) return;
  const ticks = [...form.querySelectorAll('input[type="checkbox"]:not(:disabled)')];
  const changed = () => ticks.filter((tick) => tick.checked !== tick.defaultChecked).length;
  const tell = () => {
    const count = changed();
    const words = count === 1 ? line.dataset.one : line.dataset.many;
    line.textContent = count === 0 ? line.dataset.none : words.replace("{count}", count);
  };
  let isSent = false;
  form.addEventListener("submit", () => (isSent = true));
  form.addEventListener("change", ({ target }) => {
    target.closest("td")?.classList.toggle("is-touched", target.checked !== target.defaultChecked);
    tell();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isSent && changed() > 0) event.preventDefault();
  });
  tell();
}

export function startMatrix() {
  startSifting();
  document.querySelectorAll("[data-matrix]").forEach(startCounting);
}

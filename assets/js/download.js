// Saves a text that stands in the page as a file. Nothing is asked of the server.
function save(button) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${button.dataset.download}\n`], { type: "text/plain" }));
  link.download = button.dataset.downloadName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function startDownloads() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-download]");
    if (button) save(button);
  });
}

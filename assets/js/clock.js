// The server's clock: deadlines are its, and phones are often minutes off.
let offset = 0;

export const serverNow = () => Date.now() + offset;

function learn(serverTime, ownTime) {
  const difference = serverTime - ownTime;
  // Date headers have whole seconds only; smaller differences are noise.
  if (Number.isFinite(difference) && Math.abs(difference - offset) > 1500) offset = difference;
}

export function startClock() {
  const stamp = Date.parse(document.querySelector('meta[name="server-time"]')?.content);
  const [navigation] = performance.getEntriesByType("navigation");
  learn(stamp, performance.timeOrigin + (navigation?.responseStart ?? 0));
  document.addEventListener("htmx:after:request", (event) => {
    const date = event.detail.ctx?.response?.headers?.get("date");
    if (date) learn(Date.parse(date), Date.now());
  });
}

// A code has come: say it, ring if the person asked for it, and mark the tab until it is looked at.
import { recall, remember } from "./preferences.js";
import { announce, onPageChange } from "./words.js";

const known = new Set();
let audio;
let plainTitle;

const soundIsOn = () => recall("sound", "off") === "on";

function ring() {
  audio ??= new AudioContext();
  const start = audio.currentTime;
  for (const [pitch, delay] of [[660, 0], [880, 0.16]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.12, start + delay);
    volume.gain.exponentialRampToValueAtTime(0.001, start + delay + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(start + delay);
    tone.stop(start + delay + 0.3);
  }
}

function tell(element) {
  const text = element.dataset.arrivalText;
  announce(text);
  if (soundIsOn()) ring();
  if (!document.hidden) return;
  plainTitle ??= document.title;
  document.title = `● ${text}`;
}

function look({ quiet }) {
  for (const element of document.querySelectorAll("[data-arrival]")) {
    const key = element.dataset.arrival;
    if (!known.has(key) && !quiet) tell(element);
    known.add(key);
  }
}

function restoreTitle() {
  if (document.hidden || plainTitle === undefined) return;
  document.title = plainTitle;
  plainTitle = undefined;
}

function startSoundSwitch() {
  const mark = () => {
    for (const button of document.querySelectorAll("[data-sound-switch]")) {
      button.setAttribute("aria-pressed", String(soundIsOn()));
    }
  };
  mark();
  onPageChange(mark);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-sound-switch]")) return;
    remember("sound", soundIsOn() ? "off" : "on");
    mark();
    if (soundIsOn()) ring();
  });
}

// Browsers let a page sound only once it was touched or typed on.
function wake() {
  if (!soundIsOn()) return;
  audio ??= new AudioContext();
  audio.resume();
}

export function startArrivals() {
  for (const sign of ["pointerdown", "keydown"]) document.addEventListener(sign, wake, { once: true, passive: true });
  look({ quiet: true });
  onPageChange(() => look({ quiet: false }));
  document.addEventListener("visibilitychange", restoreTitle);
  startSoundSwitch();
}

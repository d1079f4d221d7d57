// A fader: moved by fingers, pens, mice and keys, and a slider to whoever hears it.

import { Grip } from './grip.js';

/** What the keys do: a step, or an end of the travel. */
const STEPS = new Map([
  ['ArrowUp', 0.01],
  ['ArrowRight', 0.01],
  ['ArrowDown', -0.01],
  ['ArrowLeft', -0.01],
  ['PageUp', 0.1],
  ['PageDown', -0.1],
  ['Home', -1],
  ['End', 1],
]);

/** How long after the last key the fader is let go, in milliseconds. */
const KEYS_REST = 1000;

/** The view of one fader. `host` has `client()` and `refused(error)`. */
export class FaderView {
  element;
  #parameter;
  #host;
  /** The finger that is down: `{ id, y, level }`. */
  #finger;
  #keys;
  /** The hand on it: of the finger, or of the keys. */
  #grip;

  constructor(element, parameter, host) {
    this.element = element;
    this.#parameter = parameter;
    this.#host = host;
    element.addEventListener('pointerdown', (event) => this.#down(event));
    element.addEventListener('pointermove', (event) => this.#move(event));
    for (const kind of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      element.addEventListener(kind, (event) => this.#up(event));
    }
    element.addEventListener('keydown', (event) => this.#key(event));
    element.addEventListener('blur', () => this.#endKeys());
    // A long press is no wish for a menu.
    element.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  /** Shows the parameter, and returns its level from 0 to 1; undefined if it has none. */
  show() {
    const level = levelOf(this.#parameter.shown);
    const { element } = this;
    element.style.setProperty('--level', String(level ?? 0));
    element.setAttribute('aria-valuenow', String(Math.round((level ?? 0) * 100)));
    element.classList.toggle('none', level === undefined);
    // What is said on the fader is said where the cap is not.
    element.classList.toggle('high', level > 0.5);
    element.classList.toggle('gripped', this.#parameter.grip?.state === 'held');
    return level;
  }

  /** Takes every hand off. */
  letGo() {
    this.#finger = undefined;
    this.#endGrip();
  }

  #down(event) {
    if (this.#finger !== undefined || event.button !== 0) return;
    event.preventDefault();
    this.element.focus({ preventScroll: true, focusVisible: false });
    // First what can fail: a finger that is off again already would never let go.
    this.element.setPointerCapture(event.pointerId);
    if (!this.#take()) return;
    this.#finger = { id: event.pointerId, y: event.clientY, level: this.#level() };
  }

  /** A finger moves the fader by as much as it moves: wherever it was put down, nothing jumps. */
  #move(event) {
    if (this.#finger?.id !== event.pointerId) return;
    const { y, level } = this.#finger;
    if (event.clientY === y && this.#grip.value === undefined) return;
    this.#set(level + (y - event.clientY) / this.#travel());
  }

  #up(event) {
    if (this.#finger?.id !== event.pointerId) return;
    this.letGo();
  }

  #key(event) {
    const step = STEPS.get(event.key);
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    // A key is a new hand each time: where it is free again, the next one has it.
    const isFree = this.#grip?.state === 'dead' && this.#parameter.lock === undefined;
    if (isFree && this.#finger === undefined) this.#endGrip();
    // A finger is down: it decides.
    if (this.#finger !== undefined || !this.#take()) return;
    clearTimeout(this.#keys);
    this.#keys = setTimeout(() => this.#endKeys(), KEYS_REST);
    // Whole percents, as they are read.
    this.#set(Math.round((this.#level() + step) * 100) / 100);
  }

  #endKeys() {
    if (this.#finger === undefined) this.#endGrip();
  }

  /** A hand is on it from now on, if it was not; false without a connection. */
  #take() {
    if (this.#grip !== undefined) return true;
    const client = this.#host.client();
    if (client === undefined) return false;
    this.#grip = new Grip(client, this.#parameter, (error) => this.#host.refused(error));
    this.#parameter.changed();
    return true;
  }

  #endGrip() {
    clearTimeout(this.#keys);
    const grip = this.#grip;
    this.#grip = undefined;
    grip?.end(this.#parameter.keeps ? 'keep' : 'release');
  }

  #level() {
    return levelOf(this.#parameter.shown) ?? 0;
  }

  #set(level) {
    const value = Math.min(1, Math.max(0, level));
    if (value !== this.#grip.value) this.#grip.move(value);
  }

  /** How far the cap travels, in pixels. */
  #travel() {
    const [slot, cap] = this.element.children;
    return slot.clientHeight - cap.offsetHeight;
  }
}

/** A position from 0 to 1; undefined for what is none. */
function levelOf(value) {
  const level = typeof value === 'bigint' ? Number(value) : value;
  if (typeof level !== 'number' || Number.isNaN(level)) return undefined;
  return Math.min(1, Math.max(0, level));
}

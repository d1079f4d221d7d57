// One channel: its fader and its mute, who holds them, and what was refused.

import { FaderView } from './fader.js';
import { Parameter } from './parameter.js';
import { lostWords, percent, refusalWords, seconds, setText } from './words.js';

/** How long a note stays, and how often it is looked at after that, in milliseconds. */
const NOTE = 4000;
const NOTE_AGAIN = 500;

/** How long the word may take who has what was taken from us. */
const TAKER = 100;

/** A channel strip. `host` has `client()`, if it is connected, and `announce(text)`. */
export class Strip {
  fader;
  mute;
  name;
  root;
  #channel;
  #host;
  #view;
  #parts;
  #noteTimer;

  constructor(channel, template, host) {
    this.#channel = channel;
    this.#host = host;
    this.root = template.content.firstElementChild.cloneNode(true);
    this.root.id = `channel-${channel}`;
    const part = (selector) => this.root.querySelector(selector);
    this.#parts = {
      label: part('.label'),
      hold: part('.hold'),
      value: part('.value'),
      mute: part('.mute'),
      note: part('.note'),
    };
    part('.number').textContent = channel;
    this.fader = new Parameter(`/mixer/fader/${channel}`, () => this.#showFader());
    this.mute = new Parameter(`/mixer/mute/${channel}`, () => this.#showMute());
    this.name = new Parameter(`/mixer/name/${channel}`, () => this.#showName());
    this.#view = new FaderView(part('.fader'), this.fader, {
      client: () => this.#client(),
      refused: (error) => this.#refused('level', this.fader, error),
    });
    this.#view.element.setAttribute('aria-label', `Channel ${channel} level`);
    this.#parts.hold.addEventListener('click', () => void this.#hold());
    this.#parts.mute.addEventListener('click', () => void this.#toggle());
    this.#showFader();
    this.#showMute();
    this.#showName();
  }

  /** Whether it is about this address. */
  has(address) {
    return address === this.fader.address || address === this.mute.address;
  }

  /** Takes every hand off. */
  takeOff() {
    this.#view.letGo();
  }

  /** The same, and gives up what is held without a hand. */
  letGo() {
    this.fader.keeps = false;
    this.takeOff();
  }

  /** A lock of ours ended that we did not end. */
  lost(address, cause) {
    const { grip, keeps } = this.fader;
    const gripped = grip?.state === 'held';
    if (address !== this.fader.address || !(gripped || keeps)) return;
    this.fader.keeps = false;
    if (gripped) grip.die();
    else this.#showFader();
    // Who took it is told just after this.
    setTimeout(
      () => {
        const words = lostWords(cause, this.fader.lock?.holder);
        this.#say('denied', 'Lock lost', words);
      },
      cause === 'taken' ? TAKER : 0,
    );
  }

  /** The console itself changed what we hold. */
  overridden(device) {
    this.#say('told', 'Moved', `at ${device} itself`);
  }

  /** Time passes: shows what is left of the locks. */
  tick() {
    if (this.fader.lock !== undefined) this.#showLeft();
  }

  /** Without a connection nothing can be moved. */
  setOnline(online) {
    const { hold, mute } = this.#parts;
    for (const element of [this.#view.element, hold, mute]) {
      element.setAttribute('aria-disabled', String(!online));
    }
  }

  #client() {
    const client = this.#host.client();
    if (client === undefined) this.#say('denied', 'Not connected', '');
    return client;
  }

  /** Takes the lock without moving anything, until it runs out; or gives it back. */
  async #hold() {
    const client = this.#client();
    if (client === undefined) return;
    const { fader } = this;
    try {
      if (fader.keeps && fader.lock?.mine) {
        fader.keeps = false;
        // Under a hand it goes when the hand does.
        if (fader.grip === undefined) await client.unlock(fader.address);
      } else {
        const { timeout } = await client.lock(fader.address);
        fader.keeps = true;
        // What renews a lock is not told like what takes it.
        fader.held(client.name, true, timeout);
      }
      this.#showFader();
    } catch (error) {
      this.#refused('level', fader, error);
    }
  }

  async #toggle() {
    const client = this.#client();
    if (client === undefined) return;
    const { address, value } = this.mute;
    const next = isOn(value) ? 0 : 1;
    try {
      await client.set(address, next);
    } catch (error) {
      if (error.code === 'LOCK_REQUIRED') this.#toggleLocked(client, address, next);
      else this.#refused('mute', this.mute, error);
    }
  }

  /** Where the show file asks for a lock, it is held for the moment of the press. */
  #toggleLocked(client, address, next) {
    client
      .bundle([
        { address, value: next, lock: true },
        { address, unlock: true },
      ])
      .catch((error) => this.#refused('mute', this.mute, error));
  }

  #refused(what, parameter, error) {
    const client = this.#host.client();
    if (error.code === 'LOCK_HELD' && error.holder && client !== undefined) {
      parameter.held(error.holder, error.holder === client.name, error.remaining);
    }
    this.#say('denied', what === 'mute' ? 'Mute denied' : 'Denied', refusalWords(error));
    const refused = what === 'mute' ? this.#parts.mute : this.#view.element;
    refused.classList.remove('refused');
    // Reading the layout in between has the sign begin again.
    void refused.offsetWidth;
    refused.classList.add('refused');
  }

  /** Shows a note for a while, and says it once to those who hear this page. */
  #say(kind, head, detail) {
    this.#showNote(kind, head, detail);
    const words = detail === '' ? head : `${head}: ${detail}`;
    this.#host.announce(`Channel ${this.#channel}: ${words}.`);
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => this.#afterNote(), NOTE);
  }

  /** A hand that is still on a dead fader is told what to do; else there is nothing more to say. */
  #afterNote() {
    if (this.fader.grip?.state !== 'dead') {
      this.#showNote('told', '', '');
      return;
    }
    if (this.fader.lock === undefined) this.#showNote('told', 'Free', 'lift and touch again');
    else this.#showNote('denied', 'Denied', 'lift your finger');
    this.#noteTimer = setTimeout(() => this.#afterNote(), NOTE_AGAIN);
  }

  #showNote(kind, head, detail) {
    const { note } = this.#parts;
    note.dataset.kind = kind;
    const [first, second] = note.children;
    setText(first, head);
    setText(second, detail);
    note.hidden = head === '';
  }

  #showFader() {
    const { lock, known, keeps } = this.fader;
    const level = this.#view.show();
    const { value, hold } = this.#parts;
    value.textContent = level !== undefined ? percent(level) : known ? 'no value' : '–';
    value.classList.toggle('none', level === undefined);
    const held = heldWords(lock);
    const spoken = level === undefined ? 'no value' : `${Math.round(level * 100)} percent`;
    this.#view.element.setAttribute('aria-valuetext', held === '' ? spoken : `${spoken}, ${held}`);
    const [before, who, after] = hold.children;
    setText(before, lock === undefined ? '' : `Hold channel ${this.#channel}, held by`);
    setText(who, lock === undefined ? 'Hold' : lock.mine ? 'You' : lock.holder);
    setText(after, lock === undefined ? `channel ${this.#channel}` : '');
    hold.setAttribute('aria-pressed', String(keeps && lock?.mine === true));
    this.root.dataset.held = heldKind(lock);
    this.#showLeft();
  }

  /** What is left counts where nobody renews it: another's, and ours without a hand on it. */
  #showLeft() {
    const { lock, remaining, grip } = this.fader;
    const counts = lock !== undefined && !(lock.mine && grip !== undefined);
    setText(this.#parts.hold.children[3], counts ? seconds(remaining) : '');
  }

  #showMute() {
    const { mute } = this.#parts;
    const { value, lock } = this.mute;
    mute.setAttribute('aria-pressed', String(isOn(value)));
    mute.dataset.held = heldKind(lock);
    const [, about, who] = mute.children;
    setText(about, `channel ${this.#channel}${lock === undefined ? '' : ', held by'}`);
    setText(who, lock?.holder ?? (value === undefined ? '–' : isOn(value) ? 'on' : 'off'));
    // Whether it is on is told by being pressed.
    who.setAttribute('aria-hidden', String(lock === undefined));
  }

  #showName() {
    const name = typeof this.name.value === 'string' ? this.name.value : '';
    setText(this.#parts.label, name);
    const about = `Channel ${this.#channel}`;
    this.root.setAttribute('aria-label', name === '' ? about : `${about}, ${name}`);
  }
}

/** A mute is 0 or 1, but others may write `true`. */
function isOn(value) {
  return value === true || Number(value) > 0;
}

function heldKind(lock) {
  if (lock === undefined) return 'free';
  return lock.mine ? 'mine' : 'other';
}

function heldWords(lock) {
  if (lock === undefined) return '';
  return lock.mine ? 'held by you' : `held by ${lock.holder}`;
}

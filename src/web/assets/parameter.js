// One address as this page knows it: its value, who holds it, and what our own hand does to it.

/** What is left of a lock of another is asked for this often: a renewal may write nothing. */
export const ASK_AGAIN = 2000;

/** An address of the gateway. `changed` is called after every change. */
export class Parameter {
  /** The value as the gateway told it; undefined: it has none, or we do not know yet. */
  value;
  /** What our own hand makes of it; undefined: no hand is on it. */
  own;
  /** `{ holder, mine, until, timeout }`, or undefined while it is free. */
  lock;
  /** Whether this session has told us the value, or that there is none. */
  known = false;
  /** The hand that is on it, a `Grip`. */
  grip;
  /** Whether our lock stays when the hand is off. */
  keeps = false;
  #seen = { value: false, lock: false };

  constructor(address, changed) {
    this.address = address;
    this.changed = () => changed(this);
  }

  /** What is to be seen: under our own hand what the hand does, else the truth. */
  get shown() {
    return this.own ?? this.value;
  }

  /** How long the lock lasts if its holder does nothing, in milliseconds. */
  get remaining() {
    return this.lock === undefined ? 0 : Math.max(0, this.lock.until - performance.now());
  }

  /** The gateway told a value. */
  heard(value) {
    this.value = value;
    this.known = true;
    this.#seen.value = true;
    // Nobody but the holder writes what is held, and what the holder writes renews the lock.
    if (this.lock !== undefined) this.lock.until = performance.now() + this.lock.timeout;
    this.changed();
  }

  /** The gateway told who holds it, and for how long from now. */
  held(holder, mine, remaining) {
    this.#seen.lock = true;
    const same = this.lock?.holder === holder;
    // What is left of it is less than the whole timeout when we come to it late.
    const timeout = same ? Math.max(this.lock.timeout, remaining) : remaining;
    this.lock = { holder, mine, timeout, until: performance.now() + remaining };
    this.changed();
  }

  /** The gateway told that nobody holds it. */
  freed() {
    this.lock = undefined;
    this.changed();
  }

  /** Our own hand moved it; undefined: the hand is off. */
  show(own) {
    this.own = own;
    this.changed();
  }

  /** Everything is about to be told anew. */
  beginSync() {
    this.#seen = { value: false, lock: false };
  }

  /** Everything was told: what was not, is not there. */
  endSync() {
    if (!this.#seen.value) this.value = undefined;
    if (!this.#seen.lock) this.lock = undefined;
    this.known = true;
    this.changed();
  }

  /** The session is over: its locks are, and its values may be. */
  forget() {
    this.lock = undefined;
    this.keeps = false;
    this.own = undefined;
    this.known = false;
    this.changed();
  }
}

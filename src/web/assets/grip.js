// A hand on a fader, from putting it down to taking it off: locked as long, and dead once refused.

/** A lock is renewed after this part of its time, and at least this often. */
const RENEW_PART = 3;
const RENEW_MAX = 10_000;

/** A hand on one parameter. */
export class Grip {
  /** `held` until refused or lost, then `dead`; `over` once the hand is off. */
  state = 'held';
  #client;
  #parameter;
  #value;
  #timer;
  #refused;

  /** Takes the lock. `refused` hears the error if that, or anything later, is refused. */
  constructor(client, parameter, refused) {
    this.#client = client;
    this.#parameter = parameter;
    this.#refused = refused;
    parameter.grip = this;
    // Putting the hand down writes nothing: what is shown may be a moment old.
    this.#watch(client.lock(parameter.address));
  }

  /** The value under the hand; undefined as long as it has not moved. */
  get value() {
    return this.#value;
  }

  /** The hand moved. A dead grip moves nothing. */
  move(value) {
    if (this.state !== 'held') return;
    this.#value = value;
    this.#parameter.show(value);
    this.#watch(this.#client.set(this.#parameter.address, value, { lock: true }));
  }

  /** The hand is off: the last value goes with the lock, unless the lock is kept. */
  end(lock) {
    const { state } = this;
    this.state = 'over';
    clearTimeout(this.#timer);
    if (state !== 'held') {
      if (state === 'dead') this.#leave();
      return;
    }
    this.#last(lock).then(
      () => this.#leave(),
      (error) => {
        this.#leave();
        this.#refused(error);
      },
    );
  }

  /** The gateway refused, or took the lock away: the fader goes back to the truth. */
  die() {
    if (this.state !== 'held') return;
    this.state = 'dead';
    clearTimeout(this.#timer);
    this.#parameter.show(undefined);
  }

  async #last(lock) {
    const { address } = this.#parameter;
    const options = lock === 'keep' ? { lock: true } : { unlock: true };
    if (this.#value !== undefined) await this.#client.set(address, this.#value, options);
    else if (lock !== 'keep') await this.#client.unlock(address);
  }

  #watch(promise) {
    promise.then(
      () => this.#granted(),
      (error) => {
        if (this.state !== 'held') return;
        this.die();
        this.#refused(error);
      },
    );
  }

  #granted() {
    // A write that was under way when the lock was taken away has locked it again.
    if (this.state === 'dead') this.#client.unlock(this.#parameter.address).catch(() => undefined);
    if (this.state === 'held') this.#renewLater();
  }

  /** A hand that rests keeps its lock. */
  #renewLater() {
    const { lock } = this.#parameter;
    const timeout = lock?.mine ? lock.timeout : Infinity;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        if (this.#value === undefined) this.#watch(this.#client.lock(this.#parameter.address));
        else this.move(this.#value);
      },
      Math.min(RENEW_MAX, timeout / RENEW_PART),
    );
  }

  #leave() {
    if (this.#parameter.grip !== this) return;
    this.#parameter.grip = undefined;
    this.#parameter.show(undefined);
  }
}

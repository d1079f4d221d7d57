// Promises that wait for one outcome, each for its own time at most.

import type { OscGateError } from './errors.js';

/**
 * A timer that fires this much too late (a hidden tab, a machine that slept) says nothing about
 * the gateway: what has arrived meanwhile is heard first.
 */
const LATE = 500;
const GRACE = 250;

interface Waiter<T> {
  until: number;
  resolve: (value: T) => void;
  reject: (error: OscGateError) => void;
}

/** Marks a promise as one that nobody need look at; who awaits it still gets the rejection. */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** All who wait for one outcome. */
export class Waiters<T> {
  /** Those who came first wait first: all have the same patience. */
  private waiting: Waiter<T>[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = 0;
  private graced = false;

  /**
   * `expired` makes the error of one whose time is over; `abandoned` hears that none is left;
   * `more` says how much longer they may wait.
   */
  constructor(
    private readonly expired: () => OscGateError,
    private readonly abandoned: () => void,
    private readonly more: () => number = () => 0,
  ) {}

  /** One more. */
  add(patience: number): Promise<T> {
    return unwatched(
      new Promise<T>((resolve, reject) => {
        this.waiting.push({ until: performance.now() + patience, resolve, reject });
        if (this.timer === undefined) this.arm(patience);
      }),
    );
  }

  /** From now on all wait for so long again. */
  renew(patience: number): void {
    const until = performance.now() + patience;
    for (const waiter of this.waiting) waiter.until = until;
  }

  /** The outcome is there. */
  settle(value: T): void {
    for (const { resolve } of this.taken()) resolve(value);
  }

  /** It came to nothing. */
  fail(error: OscGateError): void {
    for (const { reject } of this.taken()) reject(error);
  }

  private taken(): Waiter<T>[] {
    clearTimeout(this.timer);
    this.timer = undefined;
    return this.waiting.splice(0);
  }

  private arm(wait: number): void {
    this.due = performance.now() + wait;
    this.timer = setTimeout(() => this.check(), wait);
  }

  private check(): void {
    this.timer = undefined;
    const now = performance.now();
    if (now - this.due > LATE && !this.graced) {
      this.graced = true;
      this.arm(GRACE);
      return;
    }
    this.graced = false;
    const more = this.more();
    if (more > 0) {
      this.arm(more);
      return;
    }
    while (this.waiting[0] !== undefined && this.waiting[0].until <= now + 1) {
      this.waiting.shift()?.reject(this.expired());
    }
    const [next] = this.waiting;
    if (next === undefined) this.abandoned();
    else this.arm(next.until - now);
  }
}

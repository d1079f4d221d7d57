// The numbers of calls: drawn from the clock, so that the next program counts on above this one.

/** 2026-01-01T00:00:00Z: where the numbers begin. */
const EPOCH = 1_767_225_600_000;

/** How long one number is the clock's, in milliseconds. All 2^32 then last for 497 days. */
const TICK = 10;

/**
 * The gateway remembers this many numbers, counted down from the highest it has seen. A call that
 * may still be repeated must lie among them, or a lost reply could never be told again.
 */
export const WINDOW = 64;

/** Hands out the numbers of one client's calls, each higher than all before it. */
export class Numbers {
  private last = -1;
  private firstOfSession: number | undefined;
  private alone = false;

  /** A session begins. */
  begin(): void {
    this.firstOfSession = undefined;
    this.alone = false;
  }

  /**
   * Nobody else calls in this session: the numbers follow each other, so that the gateway remembers
   * the last answers however long ago they were.
   */
  countAlone(): void {
    this.alone = true;
  }

  /** Whether the gateway still remembers its answer to a number. */
  remembers(number: number): boolean {
    return this.alone && this.last < number + WINDOW;
  }

  /** Whether `count` more can be handed out while `oldest` may still be repeated. */
  room(count: number, oldest: number | undefined): boolean {
    return oldest === undefined || this.last + count < oldest + WINDOW;
  }

  /**
   * The first of the next `count` numbers. The clock's, as long as `oldest`, the lowest that may
   * still be repeated, stays within what the gateway remembers; else the one after the last.
   */
  next(count: number, now: number, oldest: number | undefined): number {
    const follows = this.alone && this.firstOfSession !== undefined;
    const clock = follows ? 0 : Math.max(0, Math.floor((now - EPOCH) / TICK));
    const highest = oldest === undefined ? clock : Math.min(clock, oldest + WINDOW - count);
    const first = Math.max(highest, this.last + 1);
    this.last = first + count - 1;
    this.firstOfSession ??= first;
    return first;
  }
}

/** The numbers begin at the lowest that an int32 can carry, and begin again after the highest. */
export function onTheWire(number: number): number {
  return (number % 2 ** 32) ^ -(2 ** 31);
}

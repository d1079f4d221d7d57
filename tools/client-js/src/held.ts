// The locks that this client holds, and the truth about those it held.

/** How a lock ended: as the gateway says it, or `unknown` if its word was lost on the way. */
export type LostCause =
  | 'expired'
  | 'taken'
  | 'forced'
  | 'withdrawn'
  | 'released'
  | 'disconnected'
  | 'unknown'
  | (string & {});

/** A lock that ended otherwise than by this client. */
export interface LostLock {
  address: string;
  cause: LostCause;
}

/** What the gateway says about an address. */
export interface Holding {
  /** Whether this client holds it. */
  ours: boolean;
  /** How long the lock lasts yet, in milliseconds. */
  remaining: number;
}

interface Lock {
  timeout: number;
  until: number;
  /** Counts what was heard of it, so that an older answer is not taken for a newer one. */
  version: number;
  checking: boolean;
  /** How it ended, by a word that is being checked. */
  heard: LostCause | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The gateway ends a lock first and says so; its word takes this long at most, as a rule. */
const MARGIN = 250;

/** How soon to ask again after a question that was not answered. */
const ASK_AGAIN = 2000;

/** The locks of one client. */
export class Held {
  private readonly locks = new Map<string, Lock>();

  /** `ask` asks the gateway about an address; `lost` is told what was lost. */
  constructor(
    private readonly ask: (address: string) => Promise<Holding>,
    private readonly lost: (lock: LostLock) => void,
  ) {}

  /** All addresses held. */
  addresses(): string[] {
    return [...this.locks.keys()];
  }

  /** Whether an address is held. */
  has(address: string): boolean {
    return this.locks.has(address);
  }

  /** The lock has ended, for certain. */
  lose(address: string, cause: LostCause): void {
    this.released(address);
    this.lost({ address, cause });
  }

  /** The gateway granted or renewed a lock. */
  took(address: string, timeout: number): void {
    const lock = this.locks.get(address) ?? {
      timeout,
      until: 0,
      version: 0,
      checking: false,
      heard: undefined,
      timer: undefined,
    };
    lock.timeout = timeout;
    this.locks.set(address, lock);
    this.extend(address, lock, timeout);
  }

  /** Writes to these addresses were accepted, which renews the locks on them. */
  wrote(matches: (address: string) => boolean): void {
    for (const [address, lock] of this.locks) {
      if (matches(address)) this.extend(address, lock, lock.timeout);
    }
  }

  /** A write to one address was accepted. */
  wroteOne(address: string): void {
    const lock = this.locks.get(address);
    if (lock !== undefined) this.extend(address, lock, lock.timeout);
  }

  /** This client let go. */
  released(address: string): void {
    const lock = this.locks.get(address);
    if (lock === undefined) return;
    clearTimeout(lock.timer);
    this.locks.delete(address);
  }

  /** The gateway refused something, because another holds the address. */
  refused(address: string): void {
    const lock = this.locks.get(address);
    if (lock !== undefined) this.lose(address, this.causeNow(lock));
  }

  /** The gateway says that a lock ended or that another has it. The word may be an old one. */
  heardOf(address: string, cause: LostCause): void {
    const lock = this.locks.get(address);
    if (lock === undefined) return;
    if (cause !== 'released') {
      void this.check(address, lock, cause);
      return;
    }
    // By us, as a rule: the answer to our own request follows.
    clearTimeout(lock.timer);
    lock.timer = setTimeout(() => {
      lock.timer = undefined;
      void this.check(address, lock, cause);
    }, MARGIN);
  }

  /** The session is over, and all its locks with it. */
  loseAll(cause: LostCause): void {
    for (const address of this.addresses()) this.lose(address, cause);
  }

  /** Nobody is told any more. */
  clear(): void {
    for (const address of this.addresses()) this.released(address);
  }

  private extend(address: string, lock: Lock, timeout: number): void {
    lock.version += 1;
    lock.until = performance.now() + timeout;
    if (lock.timer === undefined) this.arm(address, lock, timeout + MARGIN);
  }

  private arm(address: string, lock: Lock, wait: number): void {
    lock.timer = setTimeout(() => {
      lock.timer = undefined;
      const left = lock.until - performance.now();
      if (left > 0) this.arm(address, lock, left + MARGIN);
      else void this.check(address, lock, 'expired');
    }, wait);
  }

  /** Asks the gateway, and reports what it says. */
  private async check(address: string, lock: Lock, cause: LostCause): Promise<void> {
    lock.heard = cause;
    if (lock.checking) return;
    lock.checking = true;
    const { version } = lock;
    const holding = await this.ask(address).catch(() => undefined);
    lock.checking = false;
    if (this.locks.get(address) !== lock) return;
    if (version !== lock.version) {
      // Renewed meanwhile: the answer may be older than the renewal.
      if (holding?.ours === false) void this.check(address, lock, cause);
    } else if (holding === undefined) {
      if (lock.timer === undefined) this.arm(address, lock, ASK_AGAIN);
    } else if (holding.ours) {
      lock.heard = undefined;
      this.extend(address, lock, holding.remaining);
    } else {
      this.lose(address, cause);
    }
  }

  private causeNow(lock: Lock): LostCause {
    if (lock.heard !== undefined) return lock.heard;
    return lock.until <= performance.now() ? 'expired' : 'unknown';
  }
}

// Syncs: the values of all addresses that match, complete or asked for again.

import { OscGateError } from './errors.js';
import type { OscMessage } from './osc/index.js';
import { matcher } from './types.js';
import { unwatched } from './waiters.js';

/** How long nothing may come before what is missing is asked for again. */
const STILL = 1000;

interface Sync {
  pattern: string;
  matches: (address: string) => boolean;
  /** What has come: an address for each value. */
  seen: Set<string>;
  /** How many there are, once the gateway has said it in this round. */
  count: number | undefined;
  asking: boolean;
  /** When to give up, if nothing new comes. */
  until: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The sync that was asked for while this one was under way. */
  next: Promise<number> | undefined;
  promise: Promise<number>;
  resolve: (count: number) => void;
  reject: (error: unknown) => void;
}

/** The syncs under way, of each pattern one at a time: what ends one names its pattern alone. */
export class Syncs {
  private readonly running = new Map<string, Sync>();

  /** `ask` asks the gateway for a pattern. */
  constructor(
    private readonly ask: (pattern: string) => Promise<unknown>,
    private readonly patience: number,
  ) {}

  /** Resolves to the count once all have come. */
  start(pattern: string): Promise<number> {
    const running = this.running.get(pattern);
    if (running !== undefined) {
      // A handler that came meanwhile has missed what was sent so far: it is all sent again.
      running.next ??= unwatched(running.promise.then(() => this.start(pattern)));
      return running.next;
    }
    let matches;
    try {
      matches = matcher(pattern);
    } catch (error) {
      return unwatched(Promise.reject(error as OscGateError));
    }
    const sync = { ...pending(), pattern, matches, until: performance.now() + this.patience };
    this.running.set(pattern, sync);
    void this.round(sync);
    return sync.promise;
  }

  /** A value came. */
  heard({ address, args }: OscMessage): void {
    for (const sync of this.running.values()) {
      if (!sync.matches(address)) continue;
      const [first] = args;
      // Status messages share one address, and are told apart by what they are about.
      const status = address.startsWith('/oscgate/') && first?.type === 's';
      const before = sync.seen.size;
      sync.seen.add(status ? `${address} ${first.value}` : address);
      if (sync.seen.size > before) sync.until = performance.now() + this.patience;
      this.moved(sync);
    }
  }

  /** The gateway has sent all values of a round. */
  synced(pattern: string, count: number): void {
    const sync = this.running.get(pattern);
    if (sync === undefined) return;
    sync.count = count;
    this.moved(sync);
  }

  /** None will be completed any more. */
  fail(error: OscGateError): void {
    for (const sync of [...this.running.values()]) this.end(sync, () => sync.reject(error));
  }

  private async round(sync: Sync): Promise<void> {
    sync.asking = true;
    sync.count = undefined;
    try {
      await this.ask(sync.pattern);
    } catch (error) {
      this.end(sync, () => sync.reject(error));
      return;
    }
    sync.asking = false;
    this.moved(sync);
  }

  /** Something came: complete, or wait on. */
  private moved(sync: Sync): void {
    const { count, seen } = sync;
    if (count !== undefined && seen.size >= count) {
      this.end(sync, () => sync.resolve(count));
      return;
    }
    clearTimeout(sync.timer);
    sync.timer = setTimeout(() => this.still(sync), Math.min(STILL, this.patience / 3));
  }

  private still(sync: Sync): void {
    if (sync.asking) return;
    if (performance.now() > sync.until) {
      const message = `${sync.pattern}: not all values came`;
      const error = new OscGateError('NO_ANSWER', message, { address: sync.pattern });
      this.end(sync, () => sync.reject(error));
      return;
    }
    void this.round(sync);
  }

  private end(sync: Sync, settle: () => void): void {
    if (this.running.get(sync.pattern) !== sync) return;
    clearTimeout(sync.timer);
    this.running.delete(sync.pattern);
    settle();
  }
}

function pending(): Omit<Sync, 'pattern' | 'matches'> {
  let resolve: Sync['resolve'] = () => undefined;
  let reject: Sync['reject'] = () => undefined;
  const promise = unwatched(
    new Promise<number>((done, failed) => {
      resolve = done;
      reject = failed;
    }),
  );
  return {
    seen: new Set(),
    count: undefined,
    asking: false,
    until: 0,
    timer: undefined,
    next: undefined,
    promise,
    resolve,
    reject,
  };
}

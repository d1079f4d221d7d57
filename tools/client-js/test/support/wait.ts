// Waiting for what should happen, with a deadline. Browsers run this too.

/** The promise, or an error that says what did not happen in time. */
export async function within<T>(patience: number, promise: Promise<T>, what: string): Promise<T> {
  let timer;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${patience} ms: ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Collects what happens, and waits for it. */
export class Log<T> {
  readonly entries: T[] = [];
  private watchers: (() => void)[] = [];

  /** Hears one more; made to be handed out as a handler. */
  readonly push = (entry: T): void => {
    this.entries.push(entry);
    for (const wake of this.watchers.splice(0)) wake();
  };

  /** The first entry that is as wanted, already there or to come. */
  async first(wanted: (entry: T) => boolean, what: string, patience = 5000): Promise<T> {
    const search = async (): Promise<T> => {
      for (;;) {
        const found = this.entries.find(wanted);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => this.watchers.push(resolve));
      }
    };
    return within(patience, search(), what);
  }
}

/** A wait that is what is tested: a hand that rests, a lock that runs out. */
export function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

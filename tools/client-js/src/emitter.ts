// Handlers, called in turn; one that throws stops no other.

/** Tells all handlers of one thing. */
export class Emitter<T extends unknown[]> {
  private readonly handlers = new Set<{ call: (...args: T) => unknown }>();

  /** `failed` hears what a handler throws. */
  constructor(private readonly failed: (error: unknown) => void) {}

  get size(): number {
    return this.handlers.size;
  }

  /** One more handler; the same function twice is called twice. Returns what takes it out. */
  add(call: (...args: T) => unknown): () => void {
    const entry = { call };
    this.handlers.add(entry);
    return () => {
      this.handlers.delete(entry);
    };
  }

  tell(...args: T): void {
    for (const { call } of [...this.handlers]) {
      try {
        const result = call(...args);
        if (result instanceof Promise) result.catch(this.failed);
      } catch (error) {
        this.failed(error);
      }
    }
  }
}

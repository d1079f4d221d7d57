// Who follows which addresses, here and at the gateway.

import { Emitter } from './emitter.js';
import type { OscGateError } from './errors.js';
import type { OscArgument, OscMessage } from './osc/index.js';
import { matcher } from './types.js';
import { fromArguments, type OscValue } from './values.js';

/** Hears a value, or an event (`value` is undefined then). */
export type UpdateHandler = (
  value: OscValue | undefined,
  address: string,
  args: OscArgument[],
) => unknown;

interface Subscription {
  pattern: string;
  matches: (address: string) => boolean;
  handlers: Emitter<Parameters<UpdateHandler>>;
  /** Whether the gateway has it in this session. */
  made: boolean;
  /** Whether the gateway is being asked. */
  asking: boolean;
  /** Whether the gateway refused it. */
  refused: boolean;
}

/** Addresses whose subscriptions are remembered, so that not every update tries all patterns. */
const ROUTES_MAX = 4096;

/** What asks the gateway. */
export interface Follow {
  subscribe(pattern: string): Promise<unknown>;
  unsubscribe(pattern: string): Promise<unknown>;
  /** Whether there is a session to ask in. */
  connected(): boolean;
  /** Something failed. */
  problem(error: unknown): void;
}

/** All subscriptions of one client. */
export class Subscriptions {
  private readonly byPattern = new Map<string, Subscription>();
  private readonly routes = new Map<string, Subscription[]>();

  constructor(private readonly follow: Follow) {}

  /** Follows a pattern; returns what ends it. */
  on(pattern: string, handler: UpdateHandler): () => void {
    const subscription = this.byPattern.get(pattern) ?? this.made(pattern);
    const off = subscription.handlers.add(handler);
    subscription.refused = false;
    void this.reconcile(subscription);
    return () => {
      off();
      void this.reconcile(subscription);
    };
  }

  /** Hands a message to the handlers that match. */
  dispatch({ address, args }: OscMessage): void {
    const subscriptions = this.routeOf(address);
    if (subscriptions.length === 0) return;
    const value = fromArguments(args);
    for (const { handlers } of subscriptions) handlers.tell(value, address, args);
  }

  /** Whether the gateway has been asked for what this address tells. */
  follows(address: string): boolean {
    return this.routeOf(address).length > 0;
  }

  /** The session is over: the gateway has none of them any more. */
  forgotten(): void {
    for (const subscription of this.byPattern.values()) {
      subscription.made = false;
      subscription.refused = false;
    }
  }

  /** Makes all of them in a new session, by `subscribe`; a failure is told, not thrown. */
  async restore(subscribe: (pattern: string) => Promise<unknown>): Promise<void> {
    const wanted = [...this.byPattern.values()].filter(({ handlers }) => handlers.size > 0);
    await Promise.all(
      wanted.map(async (subscription) => {
        try {
          await subscribe(subscription.pattern);
          subscription.made = true;
        } catch (error) {
          if ((error as OscGateError).code === 'DISCONNECTED') throw error;
          this.failed(subscription, error);
        }
      }),
    );
  }

  /** Whatever changed while the session was being made is now asked for. */
  resume(): void {
    for (const subscription of [...this.byPattern.values()]) void this.reconcile(subscription);
  }

  private made(pattern: string): Subscription {
    const subscription: Subscription = {
      pattern,
      matches: matcher(pattern),
      handlers: new Emitter((error) => this.follow.problem(error)),
      made: false,
      asking: false,
      refused: false,
    };
    this.byPattern.set(pattern, subscription);
    this.routes.clear();
    return subscription;
  }

  /** Asks the gateway until it has what the handlers want. */
  private async reconcile(subscription: Subscription): Promise<void> {
    if (subscription.asking) return;
    subscription.asking = true;
    while (this.follow.connected() && !subscription.refused && this.differs(subscription)) {
      const wanted = subscription.handlers.size > 0;
      const { pattern } = subscription;
      const asked = wanted ? this.follow.subscribe(pattern) : this.follow.unsubscribe(pattern);
      const error: unknown = await asked.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) subscription.made = wanted;
      else this.failed(subscription, error);
    }
    subscription.asking = false;
    const unused = subscription.handlers.size === 0 && !subscription.made;
    if (unused && this.byPattern.get(subscription.pattern) === subscription) {
      this.byPattern.delete(subscription.pattern);
      this.routes.clear();
    }
  }

  private differs({ handlers, made }: Subscription): boolean {
    return handlers.size > 0 !== made;
  }

  private failed(subscription: Subscription, error: unknown): void {
    const { code } = error as OscGateError;
    // The next session makes it again.
    if (code === 'DISCONNECTED' || code === 'CLOSED') return;
    // What was not answered is asked again.
    if (code !== 'NO_ANSWER') subscription.refused = true;
    this.follow.problem(error);
  }

  private routeOf(address: string): Subscription[] {
    const known = this.routes.get(address);
    if (known !== undefined) return known;
    const found = [...this.byPattern.values()].filter(({ matches }) => matches(address));
    if (this.routes.size >= ROUTES_MAX) this.routes.clear();
    this.routes.set(address, found);
    return found;
  }
}

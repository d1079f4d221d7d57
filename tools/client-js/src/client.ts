// The client: what a program that talks to the gateway holds in its hand.

import { ask, refusalOf, text } from './ask.js';
import { BUNDLE_CALLS_MAX, Calls, disconnected } from './calls.js';
import { Emitter } from './emitter.js';
import { OscGateError } from './errors.js';
import { Held, type LostLock } from './held.js';
import { BUNDLE, checkOptions, CONNECT, GET, SET } from './options.js';
import { Order } from './order.js';
import type { OscArgument, OscMessage } from './osc/index.js';
import { Session, type State } from './session.js';
import {
  isStatusKind,
  readMeta,
  readStatus,
  STATUS,
  type Meta,
  type StatusKind,
  type StatusMessages,
} from './status.js';
import { Subscriptions, type UpdateHandler } from './subscriptions.js';
import { Syncs } from './syncs.js';
import { Types, type DeclaredTypes } from './types.js';
import { fromArguments, toArguments, type OscValue } from './values.js';
import { unwatched } from './waiters.js';
import { gatewayUrl } from './wire/url.js';
import type { Platform } from './wire/wire.js';
import {
  actionOf,
  checkAddress,
  Writes,
  type Action,
  type Locked,
  type SetOptions,
  type Written,
} from './writes.js';

/** How to connect. Times are in milliseconds. */
export interface ConnectOptions {
  /** `ws://host:8900`, `wss://…`, or in Node `udp://host:8900`. */
  url?: string | undefined;
  /** What the gateway shall call this client; without it, its IP and port. */
  name?: string | undefined;
  /** How long a request waits for its answer: 3000. */
  timeout?: number | undefined;
  /** How often the client says that it lives: 2500. */
  heartbeat?: number | undefined;
  /** Whether a lost session is begun again: true. */
  reconnect?: boolean | undefined;
  /** OSC types of numbers by address pattern, as `{ '/mixer/mute/*': 'i' }`. */
  types?: DeclaredTypes | undefined;
}

/** One element of a bundle. */
export interface BundleElement extends SetOptions {
  address: string;
  value?: OscValue | undefined;
}

/** The events of a client. */
export interface ClientEvents {
  /** A session stands again after one was lost. */
  connected: { name: string };
  /** The session was lost. */
  disconnected: OscGateError;
  /** A lock ended otherwise than by this client. */
  lost: LostLock;
  /** Something failed that no promise tells: a subscription, or a handler that threw. */
  error: Error;
}

/** How long `close` waits for what is under way. */
const CLOSE_PATIENCE = 700;

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** What is wrong with the arguments of a call, if it was not said in our words already. */
function asRefusal(error: unknown): OscGateError {
  if (error instanceof OscGateError) return error;
  return new OscGateError('BAD_ARGUMENTS', asError(error).message, { cause: error });
}

/** A client of one gateway; `connect` makes it. */
export class OscGateClient {
  private readonly calls = new Calls();
  private readonly timeout: number;
  private readonly order: Order;
  private readonly types: Types;
  private readonly held: Held;
  private readonly writes: Writes;
  private readonly subscriptions: Subscriptions;
  private readonly syncs: Syncs;
  private readonly session: Session;
  private readonly emitters: { [Kind in keyof ClientEvents]: Emitter<[ClientEvents[Kind]]> };
  private closing: Promise<void> | undefined;

  /** @internal */
  constructor(options: ConnectOptions, platform: Platform) {
    checkOptions(options, CONNECT);
    const {
      url = platform.defaultUrl(),
      name,
      timeout = 3000,
      heartbeat = 2500,
      reconnect = true,
    } = options;
    this.timeout = timeout;
    this.types = new Types(options.types);
    this.order = new Order(this.calls, timeout);
    const problem = (error: unknown) => this.problem(error);
    this.emitters = {
      connected: new Emitter(problem),
      disconnected: new Emitter(problem),
      lost: new Emitter(problem),
      error: new Emitter(printed),
    };
    this.held = new Held(
      (address) => this.holding(address),
      (lock) => this.emitters.lost.tell(lock),
    );
    this.writes = new Writes(this.held);
    this.subscriptions = new Subscriptions({
      subscribe: (pattern) => this.ask('/oscgate/subscribe', pattern),
      unsubscribe: (pattern) => this.ask('/oscgate/unsubscribe', pattern),
      connected: () => this.state === 'connected',
      problem,
    });
    this.syncs = new Syncs((pattern) => this.ask('/oscgate/sync', pattern), timeout);
    this.session = new Session(
      { url: gatewayUrl(url), name, timeout, heartbeat, reconnect },
      platform,
      this.calls,
      {
        message: (message) => this.receive(message),
        restore: () => this.restore(),
        began: (again) => this.began(again),
        ended: (cause, over) => this.ended(cause, over),
        problem,
      },
    );
  }

  /** @internal */
  async open(): Promise<this> {
    await this.session.open();
    return this;
  }

  /** The name that the gateway knows this client by. */
  get name(): string {
    return this.session.name;
  }

  /** `connected`, `connecting` (again, after a loss) or `closed`. */
  get state(): State {
    return this.closing === undefined ? this.session.state : 'closed';
  }

  /** Writes a value; without one, sends an event. Resolves once the gateway has accepted it. */
  set(address: string, value?: OscValue, options: SetOptions = {}): Promise<Written> {
    return this.attempt(() =>
      this.order.add(this.writes.set(this.action(address, value, options))),
    );
  }

  /** Takes or renews the lock on an address. */
  lock(address: string): Promise<Locked> {
    return this.attempt(() => {
      return this.order.add(this.writes.lock(this.action(address, undefined, { lock: true })));
    });
  }

  /** Releases the lock on an address. */
  unlock(address: string): Promise<void> {
    return this.attempt(async () => {
      await this.order.add(this.writes.set(this.action(address, undefined, { unlock: true })));
    });
  }

  /** Takes the lock from its holder, as far as this client's priority is higher, and writes. */
  take(address: string, value?: OscValue): Promise<Locked> {
    return this.attempt(() => {
      const action = this.action(address, value, { lock: true });
      return this.order.add(this.writes.lock({ ...action, verb: 'take' }));
    });
  }

  /** The value of an address; with `meta`, all that the gateway knows about it. */
  get(address: string, options: { meta: true }): Promise<Meta<OscValue>>;
  get(address: string, options?: { meta?: false }): Promise<OscValue>;
  get(address: string, options: { meta?: boolean } = {}): Promise<OscValue | Meta<OscValue>> {
    return this.attempt<OscValue | Meta<OscValue>>(() => {
      checkOptions(options, GET);
      checkAddress(address, 'be plain');
      return options.meta === true ? this.meta(address) : this.value(address);
    });
  }

  /** Several writes in one packet; `atomic`: all or none. */
  bundle(
    elements: readonly BundleElement[],
    options: { atomic?: boolean } = {},
  ): Promise<Written[]> {
    return this.attempt(async () => {
      checkOptions(options, BUNDLE);
      if (elements.length === 0) return [];
      if (elements.length > BUNDLE_CALLS_MAX) {
        throw new OscGateError('LIMIT', `a bundle has at most ${BUNDLE_CALLS_MAX} elements`);
      }
      const actions = elements.map(({ address, value, ...rest }, at) => {
        try {
          return this.action(address, value, rest);
        } catch (error) {
          throw error instanceof OscGateError ? error.at(at) : error;
        }
      });
      const kind = options.atomic === true ? 'atomic' : 'bundle';
      return this.order.add(this.writes.bundle(actions, kind));
    });
  }

  /** Follows a pattern, or listens to an event of this client. Returns what ends it. */
  on<Kind extends keyof ClientEvents>(
    kind: Kind,
    handler: (event: ClientEvents[Kind]) => unknown,
  ): () => void;
  on(pattern: string, handler: UpdateHandler): () => void;
  on(what: string, handler: UpdateHandler | ((event: never) => unknown)): () => void {
    if (Object.hasOwn(this.emitters, what)) {
      return this.emitters[what as 'error'].add(handler as (event: unknown) => unknown);
    }
    return this.subscriptions.on(what, handler as UpdateHandler);
  }

  /** Follows one kind of the gateway's status messages. Returns what ends it. */
  onStatus<Kind extends StatusKind>(
    kind: Kind,
    handler: (status: StatusMessages[Kind]) => unknown,
  ): () => void {
    if (!isStatusKind(kind)) {
      throw new OscGateError('BAD_ARGUMENTS', `${String(kind)} is no kind of status`);
    }
    return this.subscriptions.on(STATUS + kind, (_value, _address, args) => {
      const status = readStatus(kind, args);
      return status === undefined ? undefined : handler(status);
    });
  }

  /** Has the values of all matching addresses sent to the handlers; resolves to their count. */
  sync(pattern: string): Promise<number> {
    return this.attempt(() => this.syncs.start(pattern));
  }

  /** Leaves the gateway: what is under way is finished, all locks are released. */
  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  /** Whatever is refused before it is sent is refused as by the gateway: by the promise. */
  private attempt<T>(request: () => Promise<T>): Promise<T> {
    if (this.state === 'closed') {
      return unwatched(Promise.reject(new OscGateError('CLOSED', 'the client was closed')));
    }
    let promise;
    try {
      promise = request().catch((error: unknown) => {
        throw asRefusal(error);
      });
    } catch (error) {
      promise = Promise.reject(asRefusal(error));
    }
    return unwatched(promise);
  }

  private ask(address: string, subject: string): Promise<OscArgument[]> {
    return ask(this.calls, address, [text(subject)], this.timeout);
  }

  private action(address: string, value: OscValue | undefined, options: SetOptions): Action {
    checkOptions(options, SET);
    checkAddress(address, 'be a pattern');
    return actionOf(address, toArguments(value, this.types.of(address)), options);
  }

  /** Reads behind whatever is still to be done to the address. */
  private reading(request: string, address: string): Promise<OscArgument[]> {
    return this.order.add({
      addresses: [address],
      reads: true,
      kind: 'single',
      size: 1,
      compose: () => [{ address: request, args: [text(address)] }],
      outcome: ([reply]) => {
        if (reply?.code !== 'OK') throw refusalOf(reply, address);
        return reply.args;
      },
    });
  }

  private async value(address: string): Promise<OscValue> {
    const args = await this.reading('/oscgate/get', address);
    this.types.see(address, args);
    const value = fromArguments(args);
    return value === undefined ? [] : value;
  }

  private async meta(address: string): Promise<Meta<OscValue>> {
    const meta = readMeta(await this.reading('/oscgate/meta', address));
    if (meta === undefined) throw notUnderstood(address);
    this.types.see(address, meta.value ?? []);
    return { ...meta, value: fromArguments(meta.value ?? []) };
  }

  /** Who holds an address now; it does not wait behind what is to be done to it. */
  private async holding(address: string): Promise<{ ours: boolean; remaining: number }> {
    const meta = readMeta(await this.ask('/oscgate/meta', address));
    if (meta === undefined) throw notUnderstood(address);
    const ours = meta.locked && (meta.holder === this.name || !this.session.knowsName);
    return { ours, remaining: meta.remaining };
  }

  private receive(message: OscMessage): void {
    const { address, args } = message;
    const [first, second, third] = args;
    if (address === '/oscgate/synced') {
      if (first?.type === 's' && second?.type === 'i') this.syncs.synced(first.value, second.value);
      return;
    }
    if (!address.startsWith('/oscgate/')) this.types.see(address, args);
    else if (address === '/oscgate/status/unlocked' && first?.type === 's' && third?.type === 's') {
      // A release is our own, as a rule, and its answer follows; datagrams overtake each other.
      const isCertain = this.session.isReliable && third.value !== 'released';
      if (isCertain) this.lost(first.value, third.value);
      else this.held.heardOf(first.value, third.value);
    } else if (
      address === '/oscgate/status/locked' &&
      first?.type === 's' &&
      second?.type === 's'
    ) {
      if (second.value !== this.name) this.held.heardOf(first.value, 'unknown');
    }
    this.subscriptions.dispatch(message);
    this.syncs.heard(message);
  }

  /** A lock has ended, for certain. */
  private lost(address: string, cause: string): void {
    if (!this.held.has(address)) return;
    this.order.dropAt(new Set([address]), gone(address, cause));
    this.held.lose(address, cause);
  }

  private async restore(): Promise<void> {
    await this.subscriptions.restore((pattern) => {
      return ask(this.calls, '/oscgate/subscribe', [text(pattern)], this.timeout, 'urgent');
    });
  }

  private began(again: boolean): void {
    this.subscriptions.resume();
    if (again) this.emitters.connected.tell({ name: this.name });
  }

  private ended(cause: OscGateError, over: boolean): void {
    this.subscriptions.forgotten();
    this.syncs.fail(disconnected());
    if (over) this.dropAll();
    // What waits to take a lock, or to be done under one that is lost now, was asked for by a hand
    // that hears now that it is lost.
    this.order.dropAt(new Set(this.held.addresses()), disconnected());
    this.order.dropLocking(disconnected());
    this.emitters.disconnected.tell(cause);
    this.held.loseAll('disconnected');
  }

  private dropAll(): void {
    const closed = new OscGateError('CLOSED', 'the client was closed before this was done');
    this.calls.drop(closed);
    this.syncs.fail(closed);
  }

  private async leave(): Promise<void> {
    const patience = new Promise((resolve) => setTimeout(resolve, CLOSE_PATIENCE));
    if (this.session.state === 'connected') {
      await Promise.race([this.calls.whenIdle(), patience]);
      // Where the session goes on, its locks are let go one by one.
      if (this.session.mayGoOn) await this.letGo();
    }
    this.held.clear();
    await this.session.close();
    this.calls.detach(new OscGateError('CLOSED', 'the client was closed'));
    this.dropAll();
  }

  private async letGo(): Promise<void> {
    const requests = this.held.addresses().map((address) => {
      return ask(this.calls, '/oscgate/unlock', [text(address)], CLOSE_PATIENCE).catch(
        () => undefined,
      );
    });
    await Promise.all(requests);
  }

  private problem(error: unknown): void {
    if (this.emitters.error.size === 0) printed(error);
    else this.emitters.error.tell(asError(error));
  }
}

/** What waited to be done under a lock that ended. */
function gone(address: string, cause: string): OscGateError {
  return new OscGateError('LOST', `the lock on ${address} ended: ${cause}`, { address });
}

/** The last resort for what nobody listens to. */
function printed(error: unknown): void {
  console.error('oscgate:', error);
}

function notUnderstood(address: string): OscGateError {
  const message = `${address}: the answer is not understood; is the gateway newer?`;
  return new OscGateError('BAD_ARGUMENTS', message, { address });
}

/** Connects by what the platform has. */
export function connectBy(
  platform: Platform,
  where: string | ConnectOptions = {},
): Promise<OscGateClient> {
  return unwatched(
    (async () => {
      const options = typeof where === 'string' ? { url: where } : where;
      let client;
      try {
        client = new OscGateClient(options, platform);
      } catch (error) {
        throw asRefusal(error);
      }
      return client.open();
    })(),
  );
}

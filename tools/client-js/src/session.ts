// The session with the gateway: begun, kept alive, lost, begun again.

import { ask, text } from './ask.js';
import { disconnected, type Calls, type Marker, type Reply } from './calls.js';
import { onTheWire } from './numbers.js';
import { OscGateError } from './errors.js';
import { decodePacket, encodeBundle, encodeMessage, type OscMessage } from './osc/index.js';
import type { OpenWire, Platform, Wire } from './wire/wire.js';

export type State = 'connecting' | 'connected' | 'closed';

/** The first wait before the next attempt, then twice as long each time. */
const BACKOFF_FIRST = 250;
const BACKOFF_MAX = 5000;

/** How soon a heartbeat without answer is repeated, and how often until the gateway is gone. */
const PROBE_WAIT = 500;
const PROBES_MAX = 8;

/** How soon it is asked again whether a session is still the same, then always twice as late. */
const ASK_WAIT = 100;

/** How long the gateway's welcome may arrive after the answer that it was sent before. */
const WELCOME_WAIT = 200;

/** Questions whose answers are still waited for. */
const QUESTIONS_MAX = 4;

/** An address to ask about: whatever the answer, it is remembered. */
const ANYTHING = '/session';

/** How long leaving may take: a lost `bye` is said again, but nobody waits for a dead gateway. */
const LEAVE_PATIENCE = 700;

export interface SessionOptions {
  url: URL;
  name: string | undefined;
  timeout: number;
  heartbeat: number;
  reconnect: boolean;
}

/** What the session tells its client. */
export interface SessionEvents {
  /** A message came. */
  message(message: OscMessage): void;
  /** A session begins: whatever it needs, before others may call in it. */
  restore(): Promise<void>;
  /** It stands; `again` unless it is the first. */
  began(again: boolean): void;
  /** It is lost; `over`: no other will be begun. */
  ended(cause: OscGateError, over: boolean): void;
  /** Something failed that does not end it. */
  problem(error: unknown): void;
}

/** One wire, and what is known of the session on it. */
interface Link {
  wire: Wire;
  name: string | undefined;
  /** Where the gateway hears us from, as it says. */
  endpoint: string | undefined;
  /** Whether this client ends the session by a word. */
  own: boolean;
  /** Whether the show file knows it: its name was not made of its endpoint. */
  listed: boolean;
  unanswered: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  welcomed: (() => void) | undefined;
  /** Names that it had: a late copy of old news changes nothing. */
  names: Set<string>;
  /** A name that was told, if this is still the same session. */
  told: string | undefined;
  /** Answers that came while it was in doubt whether it is: they may be another session's. */
  withheld: OscMessage[] | undefined;
  asking: ReturnType<typeof setTimeout> | undefined;
  /** What was asked for once more, by its number on the wire. */
  asked: Map<number, Marker>;
  failed: OscGateError | undefined;
}

/** Stands in until there is one. */
const NO_WIRE: Wire = {
  reliable: false,
  local: undefined,
  busy: false,
  send: () => undefined,
  close: () => undefined,
};

/** A session at a time with one gateway. */
export class Session {
  state: State = 'connecting';
  name = '';
  private link: Link | undefined;
  private pause: { timer: ReturnType<typeof setTimeout>; end: () => void } | undefined;
  private started = false;

  constructor(
    private readonly options: SessionOptions,
    private readonly platform: Platform,
    private readonly calls: Calls,
    private readonly events: SessionEvents,
  ) {}

  /** Begins the first session, or says why not. */
  async open(): Promise<void> {
    try {
      await this.attempt();
    } catch (error) {
      this.state = 'closed';
      throw error;
    }
  }

  /** Whether the gateway has told our name, and `name` is not a guess. */
  get knowsName(): boolean {
    return this.link?.name !== undefined;
  }

  /** Whether news comes in the order in which things happened. */
  get isReliable(): boolean {
    return this.link?.wire.reliable ?? false;
  }

  /** Whether the session may go on without this client: other programs may be the same client. */
  get mayGoOn(): boolean {
    const { link } = this;
    if (link === undefined) return false;
    return link.wire.reliable ? link.listed : !link.own;
  }

  /** Ends the session and begins no other. */
  async close(): Promise<void> {
    const { link } = this;
    this.state = 'closed';
    if (this.pause !== undefined) {
      clearTimeout(this.pause.timer);
      this.pause.end();
    }
    if (link === undefined) return;
    clearTimeout(link.timer);
    if (link.own) {
      // Whatever the outcome, there is nothing more to be done about it.
      await ask(this.calls, '/oscgate/bye', [], LEAVE_PATIENCE, 'urgent').catch(() => undefined);
    }
    this.drop(link);
  }

  private drop(link: Link): void {
    clearTimeout(link.timer);
    clearTimeout(link.asking);
    link.wire.close();
    if (this.link === link) this.link = undefined;
  }

  private async attempt(): Promise<void> {
    let last: unknown;
    for (const way of await this.platform.ways(this.options.url)) {
      try {
        await this.begin(way);
        return;
      } catch (error) {
        last = error;
        // The next address of the host is tried only where nobody answered at this one.
        if (!(error instanceof OscGateError) || error.code !== 'NO_ANSWER') break;
      }
    }
    throw last;
  }

  private async begin(way: OpenWire): Promise<void> {
    const link = await this.wired(way);
    this.link = link;
    this.calls.attach(link.wire);
    try {
      this.stillWanted(link);
      await this.greet(link);
      this.mark(link);
      await this.introduce(link);
      await this.events.restore();
      this.stillWanted(link);
    } catch (error) {
      this.leave(link);
      this.calls.detach(disconnected());
      // That nobody listens is said on the wire, and ends the request as well.
      throw link.failed ?? error;
    }
    this.name = link.name ?? link.wire.local ?? '';
    this.state = 'connected';
    this.beat(link);
    this.calls.release();
    this.events.began(this.started);
    this.started = true;
  }

  private async wired(way: OpenWire): Promise<Link> {
    const link: Link = {
      wire: NO_WIRE,
      name: undefined,
      endpoint: undefined,
      own: false,
      listed: false,
      unanswered: 0,
      timer: undefined,
      welcomed: undefined,
      failed: undefined,
      names: new Set(),
      told: undefined,
      withheld: undefined,
      asking: undefined,
      asked: new Map(),
    };
    // What comes before the link is ours, or after it was left, is heard by nobody.
    link.wire = await way(
      {
        packet: (bytes) => {
          if (this.link === link) this.heard(link, bytes);
        },
        closed: (error) => {
          if (this.link === link) this.down(link, error);
        },
      },
      this.options.timeout,
    );
    return link;
  }

  private stillWanted(link: Link): void {
    if (this.state === 'closed') throw new OscGateError('CLOSED', 'the client was closed');
    if (link.failed !== undefined) throw link.failed;
  }

  private request(address: string, ...args: string[]): Promise<unknown> {
    return ask(this.calls, address, args.map(text), this.options.timeout, 'urgent');
  }

  private async greet(link: Link): Promise<void> {
    const welcome = new Promise<void>((resolve) => {
      link.welcomed = resolve;
    });
    try {
      await this.request('/oscgate/meta', ANYTHING);
    } catch (error) {
      if (!(error instanceof OscGateError) || error.code !== 'STALE') throw error;
      // An old session has seen higher numbers (the clock was set back since): a client that
      // starts anew says bye first.
      link.wire.send(encodeMessage({ address: '/oscgate/bye', args: [] }));
      await this.request('/oscgate/meta', ANYTHING);
    }
    // The welcome is sent before the answer, but datagrams overtake each other, or are lost.
    const lossy = link.name === undefined && !link.wire.reliable;
    if (lossy) await Promise.race([welcome, this.sleep(WELCOME_WAIT)]);
    link.welcomed = undefined;
    if (!lossy) return;
    if (link.endpoint === undefined)
      await this.request('/oscgate/sync', '/oscgate/status/connected');
    if (link.endpoint === undefined) await this.sleep(WELCOME_WAIT);
  }

  /** Answers that tell this session from another are kept, where nobody else counts in it. */
  private mark(link: Link): void {
    if (link.own || link.wire.reliable) this.calls.countAlone();
  }

  private async introduce(link: Link): Promise<void> {
    const { name } = this.options;
    if (name === undefined || link.name === name) return;
    try {
      await this.request('/oscgate/hello', name);
      link.name = name;
    } catch (error) {
      // A client that the show file names keeps that name.
      if (!(error instanceof OscGateError) || error.code !== 'NOT_ALLOWED') throw error;
    }
  }

  private heard(link: Link, bytes: Uint8Array): void {
    const messages = decodePacket(bytes);
    if (messages === undefined) return;
    link.unanswered = 0;
    for (const message of messages) {
      // A handler may have closed the client meanwhile.
      if (this.link !== link) return;
      this.take(link, message);
    }
  }

  private take(link: Link, message: OscMessage): void {
    const { address, args } = message;
    const [first, second, ...rest] = args;
    if (address === '/oscgate/reply' && first?.type === 'i' && second?.type === 's') {
      const marker = link.asked.get(first.value);
      if (marker !== undefined) this.identified(link, marker, { code: second.value, args: rest });
      else if (link.withheld !== undefined) link.withheld.push(message);
      else this.calls.reply(first.value, second.value, rest);
      return;
    }
    if (first?.type === 's' && second?.type === 's') {
      const [third] = rest;
      if (address === '/oscgate/status/connected') this.welcomed(link, first.value, second.value);
      const ours = second.value === link.endpoint && third?.type === 's';
      if (ours && address === '/oscgate/status/disconnected') this.sentAway(link, third.value);
    }
    if (this.link === link) this.events.message(message);
  }

  /** The gateway says that a session began: ours, if it is our endpoint. */
  private welcomed(link: Link, name: string, endpoint: string): void {
    if (this.state === 'connecting') {
      this.welcomedAtFirst(link, name, endpoint);
    } else if (endpoint === link.endpoint) {
      // A new session, a new name, a late copy of old news, or news for a follower: ask which.
      if (!link.names.has(name)) link.told = name;
      this.doubt(link);
    }
  }

  private welcomedAtFirst(link: Link, name: string, endpoint: string): void {
    if (link.welcomed !== undefined) {
      // Before we follow anything, only we are spoken of. A WebSocket ends its session by ending;
      // a word would also end it for other windows of a machine that the show file names.
      link.own = !link.wire.reliable;
      link.listed = !name.startsWith(endpoint);
      link.endpoint = endpoint;
      link.name = name;
      link.welcomed();
      link.welcomed = undefined;
    } else if (endpoint === (link.endpoint ?? link.wire.local)) {
      // The welcome was lost and we asked for all sessions, or it is our `hello` that is answered.
      // A client that is called after its endpoint is nobody else.
      if (name === endpoint) link.own = !link.wire.reliable;
      link.endpoint = endpoint;
      link.name = name;
    }
    link.names.add(name);
  }

  private sentAway(link: Link, cause: string): void {
    const message = `the gateway ended the session: ${cause}`;
    this.down(link, new OscGateError('DISCONNECTED', message));
  }

  /**
   * Whether this is still the session that we began, nobody says; but it remembers its answers, and
   * another session does not. Until that is known no call is repeated, which would carry it over
   * from one session into another.
   */
  private doubt(link: Link): void {
    if (link.withheld !== undefined) return;
    link.withheld = [];
    this.calls.hold();
    const ask = (wait: number) => {
      const question = this.question(link);
      if (question === undefined) {
        this.isAnother(link);
        return;
      }
      link.wire.send(encodeMessage(question));
      link.asking = setTimeout(() => ask(Math.min(wait * 2, PROBE_WAIT)), wait);
    };
    ask(ASK_WAIT);
  }

  /** Asks under a number that was answered before: it is answered from memory, and nothing done. */
  private question(link: Link): OscMessage | undefined {
    const { marker } = this.calls;
    if (marker === undefined) return undefined;
    const number = onTheWire(marker.number);
    link.asked.delete(number);
    link.asked.set(number, marker);
    const [oldest] = link.asked.keys();
    if (link.asked.size > QUESTIONS_MAX && oldest !== undefined) link.asked.delete(oldest);
    return {
      address: '/oscgate/call',
      args: [{ type: 'i', value: number }, text('/oscgate/ping')],
    };
  }

  private isAnother(link: Link): void {
    this.down(link, new OscGateError('DISCONNECTED', 'the gateway had ended the session'));
  }

  private identified(link: Link, marker: Marker, reply: Reply): void {
    if (this.state !== 'connected') return;
    if (!isSame(marker, reply)) {
      // Calls that went ahead of the question may have made it too old.
      if (reply.code !== 'STALE' || this.calls.remembers(marker)) this.isAnother(link);
      return;
    }
    this.rename(link);
    if (link.withheld === undefined) return;
    clearTimeout(link.asking);
    const { withheld } = link;
    link.withheld = undefined;
    this.calls.release();
    for (const message of withheld) this.take(link, message);
  }

  /** It is the same session: a name that was told is a new one, by a change of the show file. */
  private rename(link: Link): void {
    if (link.told === undefined) return;
    link.name = link.told;
    link.names.add(link.told);
    link.told = undefined;
    this.name = link.name;
  }

  /** Says that we live, and asks whether the gateway does. */
  private beat(link: Link): void {
    if (link.unanswered >= PROBES_MAX) {
      const message = 'the gateway does not answer any more';
      this.down(link, new OscGateError('DISCONNECTED', message));
      return;
    }
    // Only heartbeats that were sent are counted, not time: our own timer may be late.
    link.unanswered += 1;
    const ping = { address: '/oscgate/ping', args: [] };
    const question = link.wire.reliable ? undefined : this.question(link);
    // A long row of calls that say nothing in return has pushed the last telling answer out.
    if (this.calls.marker === undefined && link.withheld === undefined)
      this.request('/oscgate/meta', ANYTHING).catch(() => undefined);
    link.wire.send(question === undefined ? encodeMessage(ping) : encodeBundle([ping, question]));
    const { heartbeat } = this.options;
    const wait = Math.min(heartbeat, PROBE_WAIT);
    link.timer = setTimeout(() => {
      const rest = link.unanswered > 0 ? 0 : heartbeat - wait;
      link.timer = setTimeout(() => this.beat(link), rest);
    }, wait);
  }

  /** The wire is down, or the session on it is over. */
  private down(link: Link, error: OscGateError): void {
    link.failed = error;
    if (this.state !== 'connected') {
      this.calls.detach(error);
      return;
    }
    const over = !this.options.reconnect;
    this.state = over ? 'closed' : 'connecting';
    this.leave(link);
    this.calls.detach(disconnected());
    this.events.ended(error, over);
    if (!over) void this.again();
  }

  /** What is left of the session is ended, as far as the gateway still hears us. */
  private leave(link: Link): void {
    if (link.own) link.wire.send(encodeMessage({ address: '/oscgate/bye', args: [] }));
    this.drop(link);
  }

  private async again(): Promise<void> {
    let last = '';
    for (let wait = BACKOFF_FIRST; ; wait = Math.min(wait * 2, BACKOFF_MAX)) {
      // Not all at once, when a whole building comes back.
      await this.sleep(wait * (0.75 + Math.random() / 2));
      if (this.state !== 'connecting') return;
      try {
        await this.attempt();
        return;
      } catch (error) {
        if (this.isClosed()) return;
        const code = error instanceof OscGateError ? error.code : '';
        // A gateway that is away is no news; nor is our name, which our own dead session may have
        // yet; nor the same refusal again.
        const quiet = ['NO_ANSWER', 'DISCONNECTED', last].includes(code);
        const early = code === 'NAME_TAKEN' && wait < BACKOFF_MAX;
        if (!quiet && !early) this.events.problem(error);
        if (!early) last = code;
      }
    }
  }

  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private sleep(wait: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.pause = { timer, end: resolve };
    });
  }
}

/** Whether an answer is the one that was given before. */
function isSame(marker: Marker, { code, args }: Reply): boolean {
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
  const told = JSON.stringify([marker.code, marker.args], plain);
  return JSON.stringify([code, args], plain) === told;
}

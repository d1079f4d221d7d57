// Calls: requests that are repeated until they are answered, and done once.

import { OscGateError } from './errors.js';
import { Numbers, onTheWire, WINDOW } from './numbers.js';
import {
  encodeBundle,
  encodeMessage,
  PACKET_BYTES_MAX,
  type OscArgument,
  type OscMessage,
} from './osc/index.js';
import type { Wire } from './wire/wire.js';

/**
 * When a call is repeated first, then always twice as late. Over UDP the wait is longer than a
 * round trip in a building's network and short for a finger. A WebSocket loses nothing, but the
 * gateway drops what passes its limit of packets per second.
 */
const FIRST_WAIT_DATAGRAM = 100;
const FIRST_WAIT_STREAM = 1000;
const WAIT_MAX = 1000;

/** Calls of one bundle: each must stay within what the gateway remembers. */
export const BUNDLE_CALLS_MAX = WINDOW - 1;

/** What the gateway answered. */
export interface Reply {
  code: string;
  args: OscArgument[];
}

/** An answer, and the number that it was given to. */
export interface Marker extends Reply {
  readonly number: number;
}

/** One packet of calls: a single one, or a bundle. */
export interface Unit {
  /** How many calls it is. */
  readonly size: number;
  readonly kind: 'single' | 'bundle' | 'atomic';
  /** The requests, asked for once, at the moment of sending. */
  compose(): OscMessage[];
  /** All are answered. */
  answered(replies: Reply[]): void;
  /** It came to nothing. */
  failed(error: OscGateError): void;
}

interface Sending {
  unit: Unit;
  /** The numbers of its calls, in order. */
  first: number;
  packet: Uint8Array;
  replies: (Reply | undefined)[];
  missing: number;
  wait: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The calls of one client. Units wait here, in order, while there is no session. */
export class Calls {
  private readonly numbers = new Numbers();
  private readonly waiting = new Set<Unit>();
  /** In the order of their numbers. */
  private readonly sent = new Map<Unit, Sending>();
  private readonly byNumber = new Map<number, { sending: Sending; place: number }>();
  private wire: Wire | undefined;
  private released = false;
  private last: Marker | undefined;
  /** When a call was last answered. */
  answeredAt = -Infinity;
  private held = false;
  private idle: (() => void)[] = [];

  /** A session begins over this wire: `urgent` calls go, the others once it is released. */
  attach(wire: Wire): void {
    this.wire = wire;
    this.released = false;
    this.held = false;
    this.numbers.begin();
  }

  /** The session stands: what waits may go. */
  release(): void {
    this.released = true;
    this.held = false;
    this.pump();
  }

  /** Nothing is sent or repeated, until it is released. */
  hold(): void {
    this.released = false;
    this.held = true;
  }

  /** The session is over: what was sent is not carried over into another. */
  detach(error: OscGateError): void {
    this.wire = undefined;
    this.released = false;
    for (const { unit } of [...this.sent.values()]) {
      this.forget(unit);
      unit.failed(error);
    }
    this.tellIdle();
  }

  /** Sends it in its turn. */
  submit(unit: Unit): void {
    this.waiting.add(unit);
    this.pump();
  }

  /** Sends it before the session is released. */
  urgent(unit: Unit): void {
    if (this.wire === undefined) unit.failed(disconnected());
    else this.send(unit, this.wire);
  }

  /** Nobody waits for it any more: it is not repeated, and not sent if it was not yet. */
  withdraw(unit: Unit): void {
    this.waiting.delete(unit);
    this.forget(unit);
    this.pump();
    this.tellIdle();
  }

  /** Everything that waits comes to nothing. */
  drop(error: OscGateError): void {
    // One that fails may let the next come forward, which then fails as well.
    for (const unit of this.waiting) {
      this.waiting.delete(unit);
      unit.failed(error);
    }
    this.tellIdle();
  }

  /** Resolves as soon as nothing waits and nothing is under way. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.idle.push(resolve);
      this.tellIdle();
    });
  }

  /** Nobody else calls in this session. */
  countAlone(): void {
    this.numbers.countAlone();
  }

  /** An answer that the gateway still remembers, and that another session would not give. */
  get marker(): Marker | undefined {
    const { last } = this;
    return last !== undefined && this.numbers.remembers(last.number) ? last : undefined;
  }

  /** Whether the gateway still remembers its answer to a number. */
  remembers({ number }: Marker): boolean {
    return this.numbers.remembers(number);
  }

  /** The gateway answered the call of this number. */
  reply(number: number, code: string, args: OscArgument[]): void {
    const found = this.byNumber.get(number);
    if (found === undefined) return;
    const { sending, place } = found;
    if (sending.replies[place] !== undefined) return;
    sending.replies[place] = { code, args };
    this.answeredAt = performance.now();
    if (isTelling(args)) this.last = { number: sending.first + place, code, args };
    sending.missing -= 1;
    if (sending.missing > 0) return;
    const replies = sending.replies.filter((reply) => reply !== undefined);
    this.forget(sending.unit);
    sending.unit.answered(replies);
    this.pump();
    this.tellIdle();
  }

  private pump(): void {
    for (const unit of this.waiting) {
      if (!this.released || this.wire === undefined) return;
      if (!this.numbers.room(unit.size, this.oldest())) return;
      this.waiting.delete(unit);
      this.send(unit, this.wire);
    }
  }

  private oldest(): number | undefined {
    const [sending] = this.sent.values();
    return sending?.first;
  }

  private send(unit: Unit, wire: Wire): void {
    const first = this.numbers.next(unit.size, Date.now(), this.oldest());
    let packet;
    try {
      packet = encode(unit, first);
    } catch (error) {
      unit.failed(error instanceof OscGateError ? error : unsendable(error));
      return;
    }
    const sending: Sending = {
      unit,
      first,
      packet,
      replies: Array.from({ length: unit.size }, () => undefined),
      missing: unit.size,
      wait: wire.reliable ? FIRST_WAIT_STREAM : FIRST_WAIT_DATAGRAM,
      timer: undefined,
    };
    this.sent.set(unit, sending);
    for (let place = 0; place < unit.size; place += 1) {
      this.byNumber.set(onTheWire(first + place), { sending, place });
    }
    this.transmit(sending, wire);
  }

  private transmit(sending: Sending, wire: Wire): void {
    wire.send(sending.packet);
    const again = () => {
      sending.wait = Math.min(sending.wait * 2, WAIT_MAX);
      if (!wire.busy && !this.held) this.transmit(sending, wire);
      else sending.timer = setTimeout(again, sending.wait);
    };
    sending.timer = setTimeout(again, sending.wait);
  }

  private forget(unit: Unit): void {
    const sending = this.sent.get(unit);
    if (sending === undefined) return;
    clearTimeout(sending.timer);
    this.sent.delete(unit);
    for (let place = 0; place < unit.size; place += 1) {
      this.byNumber.delete(onTheWire(sending.first + place));
    }
  }

  private tellIdle(): void {
    if (this.waiting.size > 0 || this.sent.size > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}

function encode(unit: Unit, first: number): Uint8Array {
  const calls = unit.compose().map(({ address, args }, place): OscMessage => ({
    address: '/oscgate/call',
    args: [{ type: 'i', value: onTheWire(first + place) }, { type: 's', value: address }, ...args],
  }));
  const [only] = calls;
  const atomic = unit.kind === 'atomic' ? [{ address: '/oscgate/atomic', args: [] }] : [];
  const packet =
    unit.kind === 'single' && only !== undefined
      ? encodeMessage(only)
      : encodeBundle([...atomic, ...calls]);
  if (packet.length <= PACKET_BYTES_MAX) return packet;
  const message = `${packet.length} bytes do not fit a packet of ${PACKET_BYTES_MAX}`;
  throw new OscGateError('LIMIT', message);
}

function unsendable(cause: unknown): OscGateError {
  return new OscGateError('BAD_ARGUMENTS', 'this cannot be written as OSC', {
    cause,
  });
}

/** What was under way when the session was lost. */
export function disconnected(): OscGateError {
  const message = 'the session with the gateway was lost; this may or may not have been done';
  return new OscGateError('DISCONNECTED', message);
}

/** Whether an answer says more than that it was done, and is short enough to be remembered. */
function isTelling(args: OscArgument[]): boolean {
  const isShort = ({ type, value }: OscArgument & { value?: unknown }) =>
    type !== 'b' && type !== '[' && (typeof value !== 'string' || value.length < 100);
  return args.length > 0 && args.length < 8 && args.every(isShort);
}

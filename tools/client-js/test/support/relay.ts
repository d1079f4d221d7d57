// A network between client and gateway that loses, doubles and delays datagrams, from one seed.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

import { encodeMessage, type OscMessage } from '../../src/osc/index.js';

/** How bad the network is; probabilities from 0 to 1, delays in milliseconds. */
export interface Weather {
  loss: number;
  copies: number;
  delay: number;
}

export const CALM: Weather = { loss: 0, copies: 0, delay: 0 };

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A relay of datagrams. */
export class Relay {
  weather = CALM;
  /** Whether nothing passes at all. */
  cut = false;
  /** Drops what it says yes to, on the way to the gateway or from it. */
  drop: (way: 'there' | 'back', bytes: Uint8Array) => boolean = () => false;
  private readonly ways = new Map<string, Socket>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private closed = false;

  private constructor(
    private readonly front: Socket,
    private readonly port: number,
    private readonly chance: () => number,
  ) {}

  /** Starts one before a gateway; it ends with the test. */
  static async start(test: TestContext, port: number, seed = 1): Promise<Relay> {
    const front = createSocket('udp4');
    front.bind(0, '127.0.0.1');
    await once(front, 'listening');
    const relay = new Relay(front, port, random(seed));
    front.on('message', (bytes, from) => {
      const way = relay.way(from.address, from.port);
      relay.pass('there', bytes, () => way.send(bytes, relay.port, '127.0.0.1'));
    });
    front.on('error', () => undefined);
    test.after(() => relay.close());
    return relay;
  }

  get url(): string {
    return `udp://127.0.0.1:${this.front.address().port}`;
  }

  private way(address: string, port: number): Socket {
    const key = `${address}:${port}`;
    const known = this.ways.get(key);
    if (known !== undefined) return known;
    const way = createSocket('udp4');
    way.on('message', (bytes) => {
      this.pass('back', bytes, () => this.front.send(bytes, port, address));
    });
    way.on('error', () => undefined);
    this.ways.set(key, way);
    return way;
  }

  private pass(way: 'there' | 'back', bytes: Uint8Array, send: () => void): void {
    const { loss, copies, delay } = this.weather;
    const times = this.chance() < loss ? 0 : this.chance() < copies ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      if (this.cut || this.drop(way, bytes)) continue;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        if (!this.closed) send();
      }, this.chance() * delay);
      this.timers.add(timer);
    }
  }

  /** Has every client hear a message that the gateway has not sent just now. */
  inject(message: OscMessage): void {
    for (const key of this.ways.keys()) {
      const [address, port] = key.split(':');
      this.front.send(encodeMessage(message), Number(port), address);
    }
  }

  private close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.front.close();
    for (const way of this.ways.values()) way.close();
  }
}

// What carries packets to one gateway and back, for the length of one session.

import type { OscGateError } from '../errors.js';

/** Packets there and back. */
export interface Wire {
  /** Whether what is sent arrives, once and in order, as long as the wire is up. */
  readonly reliable: boolean;
  /** Where the gateway hears us from, as far as this side can tell. */
  readonly local: string | undefined;
  /** Whether much of what was sent still waits on this machine. */
  readonly busy: boolean;
  /** Sends a packet, or loses it. Never throws. */
  send(packet: Uint8Array): void;
  /** Ends it; nothing is heard of it afterwards. */
  close(): void;
}

/** Who hears what comes from a wire. */
export interface WireListener {
  /** A packet came; it may be malformed. */
  packet(bytes: Uint8Array): void;
  /** The wire is down, and not because it was closed from this side. Told once. */
  closed(error: OscGateError): void;
}

/** Makes a wire. */
export type OpenWire = (listener: WireListener, timeout: number) => Promise<Wire>;

/** What differs between Node and a browser. */
export interface Platform {
  /** Where to connect when nothing is said. */
  defaultUrl(): string;
  /** The ways to a gateway, in the order in which to try them. */
  ways(url: URL): Promise<OpenWire[]>;
}

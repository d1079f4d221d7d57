// OSC 1.0 as values: what a message is made of.

/** An argument with its OSC type tag. `[` is an OSC array. */
export type OscArgument =
  | { type: 'i' | 'f' | 'd' | 'r'; value: number }
  | { type: 'h' | 't'; value: bigint }
  | { type: 's' | 'S' | 'c'; value: string }
  | { type: 'b' | 'm'; value: Uint8Array }
  | { type: 'T'; value?: true }
  | { type: 'F'; value?: false }
  | { type: 'N'; value?: null }
  | { type: 'I'; value?: undefined }
  | { type: '['; value: OscArgument[] };

/** One message: an address, and arguments in order. */
export interface OscMessage {
  address: string;
  args: OscArgument[];
}

/** What one UDP datagram carries: the largest multiple of four. WebSocket frames keep to it too. */
export const PACKET_BYTES_MAX = 65_504;

/** Levels of bundles or of arrays inside each other; the gateway reads no more. */
export const NESTING_MAX = 8;

/** Bytes of an address or a pattern. */
export const ADDRESS_BYTES_MAX = 255;

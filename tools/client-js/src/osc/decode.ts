// Bytes to messages. Whatever comes from the network is checked whole before any of it is used.

import { NESTING_MAX, type OscArgument, type OscMessage } from './message.js';
import { shortest } from './float.js';

const text = new TextDecoder('utf-8', { ignoreBOM: true });

/** Thrown inside only; `decodePacket` answers `undefined`. */
class Malformed extends Error {}

class Reader {
  private readonly view: DataView;
  private at = 0;

  private readonly bytes: Uint8Array;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    // Node's Buffer is a Uint8Array whose slices are no copies.
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.view = new DataView(buffer, byteOffset, byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** The place of the next `count` bytes, which are there. */
  private take(count: number): number {
    if (count < 0 || count > this.left) throw new Malformed('cut off');
    const at = this.at;
    this.at += count;
    return at;
  }

  int(): number {
    return this.view.getInt32(this.take(4));
  }

  uint(): number {
    return this.view.getUint32(this.take(4));
  }

  float(): number {
    return this.view.getFloat32(this.take(4));
  }

  double(): number {
    return this.view.getFloat64(this.take(8));
  }

  long(): bigint {
    return this.view.getBigInt64(this.take(8));
  }

  ulong(): bigint {
    return this.view.getBigUint64(this.take(8));
  }

  raw(count: number): Uint8Array {
    const at = this.take(count);
    return this.bytes.slice(at, at + count);
  }

  string(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new Malformed('a string without end');
    const length = end - this.at;
    const at = this.take((length + 4) & ~3);
    return text.decode(this.bytes.subarray(at, at + length));
  }

  blob(): Uint8Array {
    const length = this.int();
    if (length < 0) throw new Malformed('a blob of negative size');
    const bytes = this.raw(length);
    this.take(-length & 3);
    return bytes;
  }
}

function readArgument(reader: Reader, tag: string): OscArgument {
  switch (tag) {
    case 'i':
      return { type: 'i', value: reader.int() };
    case 'r':
      return { type: 'r', value: reader.uint() };
    case 'f':
      return { type: 'f', value: shortest(reader.float()) };
    case 'd':
      return { type: 'd', value: reader.double() };
    case 'h':
      return { type: 'h', value: reader.long() };
    case 't':
      return { type: 't', value: reader.ulong() };
    case 's':
    case 'S':
      return { type: tag, value: reader.string() };
    case 'c':
      return { type: 'c', value: character(reader.uint()) };
    case 'b':
      return { type: 'b', value: reader.blob() };
    case 'm':
      return { type: 'm', value: reader.raw(4) };
    case 'T':
      return { type: 'T', value: true };
    case 'F':
      return { type: 'F', value: false };
    case 'N':
      return { type: 'N', value: null };
    case 'I':
      return { type: 'I' };
    default:
      throw new Malformed(`the type tag ${tag} is not known`);
  }
}

/** Software sends anything in these four bytes; what is no character reads as its replacement. */
function character(code: number): string {
  return code <= 0x10_ffff ? String.fromCodePoint(code) : '\ufffd';
}

function readArguments(reader: Reader, tags: string): OscArgument[] {
  const outer: OscArgument[] = [];
  const open = [outer];
  for (const tag of tags) {
    const here = open.at(-1) ?? outer;
    if (tag === '[') {
      if (open.length > NESTING_MAX) throw new Malformed('arrays too deep');
      const inner: OscArgument[] = [];
      here.push({ type: '[', value: inner });
      open.push(inner);
    } else if (tag === ']') {
      if (open.length === 1) throw new Malformed('an array ends that never began');
      open.pop();
    } else {
      here.push(readArgument(reader, tag));
    }
  }
  if (open.length > 1) throw new Malformed('an array without end');
  return outer;
}

function readMessage(bytes: Uint8Array): OscMessage {
  const reader = new Reader(bytes);
  const address = reader.string();
  // Old programs leave the type tags out: no arguments then.
  const tags = reader.left > 0 ? reader.string() : ',';
  if (!tags.startsWith(',')) throw new Malformed('no type tags');
  const args = readArguments(reader, tags.slice(1));
  if (reader.left > 0) throw new Malformed('bytes left over');
  return { address, args };
}

function readPacket(bytes: Uint8Array, level: number, into: OscMessage[]): void {
  if (bytes.length === 0 || bytes.length % 4 !== 0) throw new Malformed('not aligned');
  if (bytes[0] !== 0x23) {
    into.push(readMessage(bytes));
    return;
  }
  const reader = new Reader(bytes);
  if (reader.string() !== '#bundle') throw new Malformed('neither message nor bundle');
  if (level >= NESTING_MAX) throw new Malformed('bundles too deep');
  reader.ulong();
  while (reader.left > 0) readPacket(reader.raw(reader.int()), level + 1, into);
}

/** The messages of a packet, bundles opened, in order; `undefined` if it is malformed. */
export function decodePacket(bytes: Uint8Array): OscMessage[] | undefined {
  const messages: OscMessage[] = [];
  try {
    readPacket(bytes, 0, messages);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
  return messages;
}

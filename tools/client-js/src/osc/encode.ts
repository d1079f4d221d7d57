// Messages and bundles to bytes.

import type { OscArgument, OscMessage } from './message.js';

const text = new TextEncoder();

/** "#bundle" and the time tag that means immediately. */
const BUNDLE_HEAD = [0x23, 0x62, 0x75, 0x6e, 0x64, 0x6c, 0x65, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/** Bytes that grow; all that is written is aligned to four. */
class Writer {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** Room for `count` more bytes; says where it begins. */
  private room(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }

  private padded(bytes: Uint8Array, atLeast: number): void {
    const at = this.room((bytes.length + atLeast + 3) & ~3);
    this.bytes.set(bytes, at);
  }

  string(value: string): void {
    this.padded(text.encode(value), 1);
  }

  blob(value: Uint8Array): void {
    this.int(value.length);
    this.padded(value, 0);
  }

  raw(value: ArrayLike<number>): void {
    const at = this.room(value.length);
    this.bytes.set(value, at);
  }

  int(value: number): void {
    const at = this.room(4);
    this.view.setInt32(at, value);
  }

  float(value: number): void {
    const at = this.room(4);
    this.view.setFloat32(at, value);
  }

  double(value: number): void {
    const at = this.room(8);
    this.view.setFloat64(at, value);
  }

  long(value: bigint): void {
    const at = this.room(8);
    this.view.setBigInt64(at, value);
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

function tags(args: OscArgument[]): string {
  const tag = (arg: OscArgument) => (arg.type === '[' ? `[${tags(arg.value)}]` : arg.type);
  return args.map(tag).join('');
}

function writeArgument(writer: Writer, arg: OscArgument): void {
  switch (arg.type) {
    case 'i':
    case 'r':
      writer.int(arg.value);
      break;
    case 'f':
      writer.float(arg.value);
      break;
    case 'd':
      writer.double(arg.value);
      break;
    case 'h':
    case 't':
      writer.long(arg.value);
      break;
    case 's':
    case 'S':
      writer.string(arg.value);
      break;
    case 'c':
      writer.int(arg.value.codePointAt(0) ?? 0);
      break;
    case 'b':
      writer.blob(arg.value);
      break;
    case 'm':
      writer.raw(arg.value);
      break;
    case '[':
      for (const inner of arg.value) writeArgument(writer, inner);
      break;
    case 'T':
    case 'F':
    case 'N':
    case 'I':
      break;
  }
}

/** One message as bytes. */
export function encodeMessage(message: OscMessage): Uint8Array {
  const writer = new Writer();
  writer.string(message.address);
  writer.string(`,${tags(message.args)}`);
  for (const arg of message.args) writeArgument(writer, arg);
  return writer.done();
}

/** A bundle, to act immediately. */
export function encodeBundle(messages: OscMessage[]): Uint8Array {
  const writer = new Writer();
  writer.raw(BUNDLE_HEAD);
  for (const message of messages) writer.blob(encodeMessage(message));
  return writer.done();
}

// The gateway's status messages as objects.

import type { OscArgument } from './osc/index.js';

/** What each kind of status message tells. Times are in milliseconds. */
export interface StatusMessages {
  denied: { address: string; code: string; holder: string; remaining: number };
  locked: { address: string; holder: string; timeout: number };
  unlocked: { address: string; holder: string; cause: string };
  connected: { name: string; endpoint: string };
  disconnected: { name: string; endpoint: string; cause: string };
  overridden: { address: string; device: string };
  heartbeat: { count: number };
  error: { request: string; code: string; text: string };
}

export type StatusKind = keyof StatusMessages;

/** The names of the arguments, in order; `#` before those that are numbers. */
const ARGUMENTS: Record<StatusKind, string[]> = {
  denied: ['address', 'code', 'holder', '#remaining'],
  locked: ['address', 'holder', '#timeout'],
  unlocked: ['address', 'holder', 'cause'],
  connected: ['name', 'endpoint'],
  disconnected: ['name', 'endpoint', 'cause'],
  overridden: ['address', 'device'],
  heartbeat: ['#count'],
  error: ['request', 'code', 'text'],
};

export const STATUS = '/oscgate/status/';

/** Whether it is a kind of status message. */
export function isStatusKind(kind: string): kind is StatusKind {
  return Object.hasOwn(ARGUMENTS, kind);
}

/** A status message as an object; undefined if its arguments are not as expected. */
export function readStatus<Kind extends StatusKind>(
  kind: Kind,
  args: OscArgument[],
): StatusMessages[Kind] | undefined {
  const read: Record<string, unknown> = {};
  for (const [at, name] of ARGUMENTS[kind].entries()) {
    const arg = args[at];
    const wanted = name.startsWith('#') ? 'i' : 's';
    if (arg?.type !== wanted) return undefined;
    read[name.replace('#', '')] = arg.value;
  }
  return read as StatusMessages[Kind];
}

/** All that the gateway tells about an address. */
export interface Meta<Value> {
  value: Value | undefined;
  locked: boolean;
  /** Who holds the lock; empty if nobody does. */
  holder: string;
  /** How long that lock lasts if its holder does nothing, in milliseconds. */
  remaining: number;
  /** How often the address was written; 0: never. */
  revision: number;
  /** Who wrote it last; empty if nobody did. */
  writer: string;
}

/** Reads `ADDRESS LOCKED HOLDER REMAINING_MS REVISION WRITER values…`. */
export function readMeta(args: OscArgument[]): Meta<OscArgument[]> | undefined {
  const [address, locked, holder, remaining, revision, writer, ...values] = args;
  if (address?.type !== 's' || (locked?.type !== 'T' && locked?.type !== 'F')) return undefined;
  if (holder?.type !== 's' || remaining?.type !== 'i') return undefined;
  if (revision?.type !== 'h' || writer?.type !== 's') return undefined;
  return {
    value: values,
    locked: locked.type === 'T',
    holder: holder.value,
    remaining: Math.max(0, remaining.value),
    revision: Number(revision.value),
    writer: writer.value,
  };
}

// Writing, locking and reading: what is sent for each, and what the replies mean.

import { refusalOf, text } from './ask.js';
import type { Reply } from './calls.js';
import { OscGateError } from './errors.js';
import type { Held } from './held.js';
import type { Task } from './order.js';
import { addressFault, isPattern, type OscArgument, type OscMessage } from './osc/index.js';
import { matcher } from './types.js';

/** What becomes of the lock along with a write. */
export interface SetOptions {
  /** Take or renew the lock, and write: both or neither. */
  lock?: boolean | undefined;
  /** Write, then release the lock: both or neither. */
  unlock?: boolean | undefined;
  /** Write only if the address still has this revision (0: no value yet). */
  revision?: number | bigint | undefined;
}

/** What an accepted write amounts to. */
export interface Written {
  /** The revision of the address; undefined for a pattern. */
  revision: number | undefined;
  /** How many addresses were written; a pattern may write many. */
  count: number;
}

/** What a granted lock amounts to. */
export interface Locked {
  /** How long it lasts without renewal, in milliseconds. */
  timeout: number;
  /** The revision of the address; 0 if it has no value yet. */
  revision: number;
}

type Verb = 'write' | 'lock' | 'unlock' | 'take' | 'set_if';

/** One write or request about a lock, checked. */
export interface Action {
  verb: Verb;
  address: string;
  args: OscArgument[];
  revision: bigint;
}

function refuse(code: string, address: string, problem: string): OscGateError {
  return new OscGateError(code, `${address}: ${problem}`, { address });
}

/** Refuses what is no address, or one of the gateway's own. */
export function checkAddress(address: string, may: 'be a pattern' | 'be plain'): void {
  const fault = typeof address === 'string' ? addressFault(address) : 'it is no text';
  if (fault !== undefined) throw refuse('BAD_ADDRESS', address, fault);
  if (address === '/oscgate' || address.startsWith('/oscgate/')) {
    throw refuse('BAD_ADDRESS', address, "it is one of the gateway's own");
  }
  if (may === 'be plain' && isPattern(address)) {
    throw refuse('BAD_ADDRESS', address, 'a pattern cannot be locked or read, only written');
  }
}

/** The action that a `set` asks for. */
export function actionOf(address: string, args: OscArgument[], options: SetOptions): Action {
  const { lock = false, unlock = false, revision } = options;
  if ([lock, unlock, revision !== undefined].filter(Boolean).length > 1) {
    throw refuse('BAD_ARGUMENTS', address, 'lock, unlock and revision exclude each other');
  }
  const plain = !lock && !unlock && revision === undefined;
  checkAddress(address, plain ? 'be a pattern' : 'be plain');
  if (revision === undefined) {
    return { verb: lock ? 'lock' : unlock ? 'unlock' : 'write', address, args, revision: 0n };
  }
  if (args.length === 0) throw refuse('BAD_ARGUMENTS', address, 'an event has no revision');
  const whole = typeof revision === 'bigint' || Number.isSafeInteger(revision);
  if (!whole || revision < 0) throw refuse('BAD_ARGUMENTS', address, 'a revision counts from 0');
  return { verb: 'set_if', address, args, revision: BigInt(revision) };
}

/** The request of an action. */
export function requestOf({ verb, address, args, revision }: Action): OscMessage {
  if (verb === 'write') return { address, args };
  const own: OscArgument[] = [text(address)];
  if (verb === 'set_if') own.push({ type: 'h', value: revision });
  return { address: `/oscgate/${verb}`, args: [...own, ...args] };
}

/** Makes tasks of actions, and keeps the account of locks. */
export class Writes {
  constructor(private readonly held: Held) {}

  /** A `set`: a newer one may take its place while it waits. */
  set(action: Action): Task<Written> {
    const pattern = isPattern(action.address);
    const task: Task<Written> = {
      ...this.single(action, (reply) => this.written(action, reply)),
      matches: pattern ? matcher(action.address) : undefined,
    };
    if (!isMergeable(action)) return task;
    return { ...task, merge: (newer) => this.merged(action, newer) };
  }

  /** A `lock` or `take`. */
  lock(action: Action): Task<Locked> {
    return this.single(action, (reply) => {
      this.settle(action, reply);
      const [timeout, revision] = reply?.args ?? [];
      return {
        timeout: timeout?.type === 'i' ? timeout.value : 0,
        revision: revision?.type === 'h' ? Number(revision.value) : 0,
      };
    });
  }

  /** Several actions in one packet. */
  bundle(actions: Action[], kind: 'bundle' | 'atomic'): Task<Written[]> {
    const patterns = actions
      .map(({ address }) => address)
      .filter(isPattern)
      .map(matcher);
    const touches = (address: string) => patterns.some((matches) => matches(address));
    return {
      addresses: [...new Set(actions.map(({ address }) => address))],
      matches: patterns.length > 0 ? touches : undefined,
      locks: actions.some(({ verb }) => verb === 'lock' || verb === 'take'),
      kind,
      size: actions.length,
      compose: () => actions.map(requestOf),
      outcome: (replies) => {
        // The replies to an atomic bundle that was refused all say the same.
        const [action] = actions;
        const refused = kind === 'atomic' && replies[0]?.code !== 'OK';
        if (refused && action !== undefined) throw refusalOf(replies[0], action.address).ofSome();
        return this.allWritten(actions, replies);
      },
    };
  }

  private single<T>(
    action: Action,
    outcome: (reply: Reply | undefined) => T,
  ): Task<T> & { action: Action } {
    return {
      action,
      addresses: [action.address],
      locks: action.verb === 'lock' || action.verb === 'take',
      kind: 'single',
      size: 1,
      compose: () => [requestOf(action)],
      outcome: ([reply]) => outcome(reply),
    };
  }

  private merged(
    older: Action,
    newer: Task<Written> & { action?: Action },
  ): Task<Written> | undefined {
    const { action } = newer;
    if (action?.address !== older.address || newer.merge === undefined) return undefined;
    // A newer plain value must not undo the wish to lock or to let go.
    const verb = action.verb === 'write' ? older.verb : action.verb;
    return this.set({ ...action, verb });
  }

  private allWritten(actions: Action[], replies: Reply[]): Written[] {
    const results: Written[] = [];
    let refused: OscGateError | undefined;
    for (const [at, action] of actions.entries()) {
      try {
        results.push(this.written(action, replies[at]));
      } catch (error) {
        refused ??= (error as OscGateError).at(at);
      }
    }
    if (refused !== undefined) throw refused;
    return results;
  }

  /** What the reply to a write amounts to; throws a refusal. */
  private written(action: Action, reply: Reply | undefined): Written {
    this.settle(action, reply);
    const value = reply?.args.at(-1);
    if (value?.type === 'i') return { revision: undefined, count: value.value };
    return { revision: value?.type === 'h' ? Number(value.value) : undefined, count: 1 };
  }

  /** What the reply says about locks. */
  private settle({ verb, address, args }: Action, reply: Reply | undefined): void {
    if (reply?.code !== 'OK') {
      if (reply?.code === 'LOCK_HELD') this.held.refused(address);
      throw refusalOf(reply, address);
    }
    const [timeout] = reply.args;
    if (verb === 'unlock') this.held.released(address);
    else if (verb === 'lock' || verb === 'take') {
      this.held.took(address, timeout?.type === 'i' ? timeout.value : 0);
    } else if (isPattern(address)) this.held.wrote(matcher(address));
    else if (args.length > 0 || verb === 'write') this.held.wroteOne(address);
  }
}

/** Events and conditional writes each count; so do requests about a lock without a value. */
function isMergeable({ verb, args }: Action): boolean {
  return args.length > 0 && verb !== 'set_if' && verb !== 'take';
}

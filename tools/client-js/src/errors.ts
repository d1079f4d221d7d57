// Why something came to nothing, as a program reads it (`code`) and as a person does (`message`).

import type { OscArgument } from './osc/index.js';

/** The codes of the gateway, then the client's own. A newer gateway may say others. */
export type ErrorCode =
  | 'LOCK_HELD'
  | 'LOCK_REQUIRED'
  | 'CONFLICT'
  | 'READ_ONLY'
  | 'NOT_ALLOWED'
  | 'BAD_ADDRESS'
  | 'BAD_ARGUMENTS'
  | 'OUT_OF_RANGE'
  | 'NOT_FOUND'
  | 'OFFLINE'
  | 'BAD_TIME'
  | 'STALE'
  | 'NAME_TAKEN'
  | 'LIMIT'
  | 'UNKNOWN_REQUEST'
  | 'NO_ANSWER'
  | 'DISCONNECTED'
  | 'CLOSED'
  | 'LOST'
  | (string & {});

/** What is known about a failure beside its code. */
export interface ErrorDetails {
  /** What it is about. */
  address?: string | undefined;
  /** Who holds the lock that is the cause. */
  holder?: string | undefined;
  /** How long that lock lasts if its holder does nothing, in milliseconds. */
  remaining?: number | undefined;
  /** In a bundle that is not atomic, which element was refused, from 0. */
  index?: number | undefined;
  /** What lies beneath. */
  cause?: unknown;
}

/** Every failure of the client. Its message ends with the code, for whoever reads it out. */
export class OscGateError extends Error {
  override readonly name = 'OscGateError';
  readonly address: string | undefined;
  readonly holder: string | undefined;
  readonly remaining: number | undefined;
  readonly index: number | undefined;

  constructor(
    readonly code: ErrorCode,
    private readonly text: string,
    details: ErrorDetails = {},
  ) {
    super(`${text} (${code})`, 'cause' in details ? { cause: details.cause } : undefined);
    this.address = details.address;
    this.holder = details.holder;
    this.remaining = details.remaining;
    this.index = details.index;
  }

  /** The same failure, as that of an element of a bundle. */
  at(index: number): OscGateError {
    const { address, holder, remaining } = this;
    return new OscGateError(this.code, this.text, { address, holder, remaining, index });
  }

  /** The same failure, of some element of a bundle: the gateway does not say of which. */
  ofSome(): OscGateError {
    const { holder, remaining } = this;
    const text = this.text.replace(this.address ?? '', () => 'one of these addresses');
    return new OscGateError(this.code, text, { holder, remaining });
  }
}

/** A span for people: whole seconds, below three with one decimal, below one in milliseconds. */
function span(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  return `${seconds < 3 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

function why(code: string, subject: string, holder: string, remaining: number, text: string) {
  switch (code) {
    case 'LOCK_HELD':
      return holder === ''
        ? `${subject} is held by another client`
        : `${subject} is held by ${holder} for another ${span(remaining)}`;
    case 'LOCK_REQUIRED':
      return `${subject} may only be written under a lock: lock it first`;
    case 'CONFLICT':
      return `${subject} was written since by another client`;
    case 'NOT_FOUND':
      return `${subject} has no value yet, or nothing matches it`;
    case 'NAME_TAKEN':
      return `the name ${subject} is taken by another client`;
    default:
      return text === '' ? subject : `${subject}: ${text}`;
  }
}

/** A refusal from what follows the code in a reply. */
export function refusal(code: string, subject: string, args: OscArgument[]): OscGateError {
  const [first, second] = args;
  const words = first?.type === 's' ? first.value : '';
  const held = second?.type === 'i';
  const remaining = held ? Math.max(0, second.value) : 0;
  const message = why(code, subject, held ? words : '', remaining, words);
  return held
    ? new OscGateError(code, message, { address: subject, holder: words, remaining })
    : new OscGateError(code, message, { address: subject });
}

// Options as given: a misspelt `lock` must not become a write without one.

import { OscGateError } from './errors.js';

/** What an option may be. */
type Kind = 'text' | 'yes or no' | 'milliseconds' | 'anything';

/** The options that a call knows. */
export type Known = Readonly<Record<string, Kind>>;

export const CONNECT: Known = {
  url: 'text',
  name: 'text',
  timeout: 'milliseconds',
  heartbeat: 'milliseconds',
  reconnect: 'yes or no',
  types: 'anything',
};
export const SET: Known = { lock: 'yes or no', unlock: 'yes or no', revision: 'anything' };
export const GET: Known = { meta: 'yes or no' };
export const BUNDLE: Known = { atomic: 'yes or no' };

/** The longest time that a timer takes, some 24 days. */
const TIMER_MAX = 2 ** 31 - 1;

function fits(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'yes or no':
      return typeof value === 'boolean';
    case 'milliseconds':
      return typeof value === 'number' && value >= 1 && value <= TIMER_MAX;
    case 'anything':
      return true;
  }
}

/** Refuses an option that is not known, or is not what it should be. */
export function checkOptions(options: object, known: Known): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      const names = Object.keys(known).join(', ');
      throw new OscGateError('BAD_ARGUMENTS', `${name} is no option; there are ${names}`);
    }
    if (value !== undefined && !fits(kind, value)) {
      throw new OscGateError('BAD_ARGUMENTS', `the option ${name} takes ${kind}`);
    }
  }
}

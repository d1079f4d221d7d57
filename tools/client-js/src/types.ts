// Which OSC types an address takes: as declared, else as last seen.

import { compilePattern, PatternError, type OscArgument } from './osc/index.js';
import { OscGateError } from './errors.js';

/** Addresses whose types are remembered; past it those seen longest ago are forgotten. */
const SEEN_MAX = 4096;

/** Type tags by address pattern; the first pattern that matches counts. */
export type DeclaredTypes = Readonly<Record<string, string>>;

/** The type tags of addresses. */
export class Types {
  private readonly declared: { matches: (address: string) => boolean; tags: string }[];
  /** In the order in which they were last seen. */
  private readonly seen = new Map<string, string>();

  constructor(declared: DeclaredTypes = {}) {
    this.declared = Object.entries(declared).map(([pattern, tags]) => {
      return { matches: matcher(pattern), tags: checkedTags(pattern, tags) };
    });
  }

  /** The tags of an address, one for each argument; empty if nothing is known. */
  of(address: string): string {
    const declared = this.declared.find(({ matches }) => matches(address));
    return declared?.tags ?? this.seen.get(address) ?? '';
  }

  /** Remembers what an address was seen with. */
  see(address: string, args: OscArgument[]): void {
    // What is no number would be sent as it is anyway.
    if (args.length === 0) return;
    this.seen.delete(address);
    this.seen.set(address, args.map(({ type }) => type).join(''));
    if (this.seen.size <= SEEN_MAX) return;
    const [oldest] = this.seen.keys();
    if (oldest !== undefined) this.seen.delete(oldest);
  }
}

/** What tells whether an address matches; a bad pattern is refused with its fault. */
export function matcher(pattern: string): (address: string) => boolean {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const details = { address: pattern, cause: error };
    throw new OscGateError('BAD_ADDRESS', `${pattern}: ${error.message}`, details);
  }
}

function checkedTags(pattern: string, tags: string): string {
  const plain = tags.replace(/^,/, '');
  if (/^[ifsbhtdScrmTFNI]+$/.test(plain)) return plain;
  const message = `${pattern}: "${tags}" are no OSC type tags`;
  throw new OscGateError('BAD_ARGUMENTS', message, { address: pattern });
}

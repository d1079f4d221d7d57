// Address patterns: OSC 1.0, and `//` of OSC 1.1, with the same meaning as in the gateway.

import { ADDRESS_BYTES_MAX } from './message.js';

const PATTERN_CHARACTER = /[?*[\]{}]|\/\//;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether an address has characters that make it a pattern. */
export function isPattern(address: string): boolean {
  return PATTERN_CHARACTER.test(address);
}

/** Why a text is neither an address nor a pattern; `undefined` if it may be one. */
export function addressFault(address: string): string | undefined {
  if (!address.startsWith('/')) return 'it does not begin with /';
  if (CONTROL.test(address)) return 'it has a control character';
  const bytes = new TextEncoder().encode(address).length;
  return bytes > ADDRESS_BYTES_MAX ? `it is longer than ${ADDRESS_BYTES_MAX} bytes` : undefined;
}

/** Thrown for a pattern that would match other than it looks. */
export class PatternError extends Error {}

type Matcher = (address: string) => boolean;

/** What tells whether an address matches. The gateway's own addresses match only in plain sight. */
export function compilePattern(pattern: string): Matcher {
  const fault = addressFault(pattern);
  if (fault !== undefined) throw new PatternError(fault);
  if (!isPattern(pattern)) return (address) => address === pattern;
  const own = pattern.startsWith('/oscgate/');
  const expression = new RegExp(`^${expressionOf(pattern)}$`, 'u');
  return (address) => expression.test(address) && (own || !address.startsWith('/oscgate/'));
}

function expressionOf(pattern: string): string {
  const texts = /\/{2,}$|\/{2,}|\?|\*|\[[^\]]*\]?|\{[^}]*\}?|[^/?*[{]+|\//gu;
  return (pattern.match(texts) ?? [])
    .map((piece, at, all) => {
      const last = at === all.length - 1;
      return expressionOfPiece(piece, last);
    })
    .join('');
}

function expressionOfPiece(piece: string, last: boolean): string {
  if (piece === '?') return '[^/]';
  if (piece === '*') return '[^/]*';
  if (piece.startsWith('//')) return last ? '/(?:[^/]+/)*[^/]*' : '/(?:[^/]+/)*';
  if (piece.startsWith('[')) return expressionOfClass(piece);
  if (piece.startsWith('{')) return expressionOfAlternatives(piece);
  if (/[\]}]/.test(piece)) throw new PatternError('a bracket closes nothing');
  return escaped(piece);
}

function expressionOfClass(piece: string): string {
  if (!piece.endsWith(']')) throw new PatternError('a [ is never closed');
  const negated = piece.startsWith('[!');
  const inside = piece.slice(negated ? 2 : 1, -1);
  if (inside === '') throw new PatternError('a class of characters is empty');
  if (/[/?*[{}]/.test(inside)) throw new PatternError('a class holds a / or a pattern character');
  const ranges = [...inside.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, one]) => {
    if (from === undefined || to === undefined) return escaped(one ?? '');
    if (from > to) throw new PatternError(`the range ${from}-${to} is reversed`);
    return `${escaped(from)}-${escaped(to)}`;
  });
  return negated ? `[^${ranges.join('')}/]` : `[${ranges.join('')}]`;
}

function expressionOfAlternatives(piece: string): string {
  if (!piece.endsWith('}')) throw new PatternError('a { is never closed');
  const inside = piece.slice(1, -1);
  if (/[/?*[\]{]/.test(inside)) {
    throw new PatternError('alternatives hold a / or a pattern character');
  }
  return `(?:${inside.split(',').map(escaped).join('|')})`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/gu, (character) => {
    // Under the u flag only syntax characters may be escaped; `-` is one inside a class alone.
    return character === '-' ? '\\x2d' : `\\${character}`;
  });
}

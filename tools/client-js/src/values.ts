// JavaScript values to OSC arguments and back.

import { OscGateError } from './errors.js';
import { NESTING_MAX, type OscArgument } from './osc/index.js';

/** One argument: a JavaScript value, or one with its type written out. */
export type OscScalar = number | boolean | string | bigint | Uint8Array | null | OscArgument;

/** A value of an address: one argument, or several as an array. An array inside is an OSC array. */
export type OscValue = OscScalar | OscList;

/** Several arguments, or an OSC array. */
export type OscList = readonly OscValue[];

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;
const TIME_MAX = 2n ** 64n - 1n;

function bad(problem: string): OscGateError {
  return new OscGateError('BAD_ARGUMENTS', problem);
}

/** The arguments of a value; `types` are the type tags known for its places. None if undefined. */
export function toArguments(value: OscValue | undefined, types = ''): OscArgument[] {
  if (value === undefined) return [];
  if (isList(value)) return value.map((one, at) => toArgument(one, types[at], 1));
  return [toArgument(value, types[0], 1)];
}

function isList(value: unknown): value is OscList {
  return Array.isArray(value);
}

function toArgument(
  value: OscValue | undefined,
  type: string | undefined,
  level: number,
): OscArgument {
  if (isList(value)) {
    if (level > NESTING_MAX) throw bad('arrays lie too deep inside each other');
    return { type: '[', value: value.map((one) => toArgument(one, undefined, level + 1)) };
  }
  switch (typeof value) {
    case 'number':
      return ofNumber(value, type);
    case 'boolean':
      return value ? { type: 'T', value } : { type: 'F', value };
    case 'string':
      return ofString(value, type);
    case 'bigint':
      return typed(type === 't' ? 't' : 'h', value);
    case 'object':
      return ofObject(value);
    default:
      throw bad(`${typeof value} is no OSC argument`);
  }
}

/** A number that the wanted type would cut goes out as a float. */
function ofNumber(value: number, type: string | undefined): OscArgument {
  const whole = Number.isInteger(value);
  if (type === 'd') return { type, value };
  if (type === 'i' && whole && value >= INT_MIN && value <= INT_MAX) return { type, value };
  if (type === 'r' && whole && value >= 0 && value < 2 ** 32) return { type, value };
  if (type === 'h' && Number.isSafeInteger(value)) return { type, value: BigInt(value) };
  if (type === 't' && Number.isSafeInteger(value) && value >= 0)
    return { type, value: BigInt(value) };
  // A float has 24 bits: a larger whole number would become another.
  if (whole && Math.fround(value) !== value) return beyondFloat(value);
  return { type: 'f', value };
}

function beyondFloat(value: number): OscArgument {
  const fits = value >= INT_MIN && value <= INT_MAX;
  return fits ? { type: 'i', value } : { type: 'd', value };
}

function ofString(value: string, type: string | undefined): OscArgument {
  if (type === 'S') return typed('S', value);
  if (type === 'c' && isCharacter(value)) return typed('c', value);
  return typed('s', value);
}

function ofObject(value: Uint8Array | OscArgument | null): OscArgument {
  if (value === null) return { type: 'N', value };
  if (value instanceof Uint8Array) return { type: 'b', value };
  if (typeof value.type === 'string')
    return typed(value.type, (value as { value?: unknown }).value);
  throw bad(
    'an object is no OSC argument; write { type, value }, or several arguments as an array',
  );
}

/** An argument whose type is written out, checked. */
function typed(type: string, value: unknown): OscArgument {
  const argument = { type, value } as OscArgument;
  if (!fits(type, value)) throw bad(`${String(value)} does not fit the OSC type ${type}`);
  if (argument.type === '[') {
    return { type: '[', value: argument.value.map((one) => toArgument(one, undefined, 2)) };
  }
  if ((type === 'h' || type === 't') && typeof value === 'number') {
    return { type, value: BigInt(value) };
  }
  return argument;
}

function fits(type: string, value: unknown): boolean {
  switch (type) {
    case 'i':
      return isWhole(value, INT_MIN, INT_MAX);
    case 'r':
      return isWhole(value, 0, 2 ** 32 - 1);
    case 'f':
    case 'd':
      return typeof value === 'number';
    case 'h':
      return isLong(value, LONG_MIN, LONG_MAX);
    case 't':
      return isLong(value, 0n, TIME_MAX);
    case 's':
    case 'S':
      return typeof value === 'string' && !value.includes('\0');
    case 'c':
      return isCharacter(value);
    case 'b':
      return value instanceof Uint8Array;
    case 'm':
      return value instanceof Uint8Array && value.length === 4;
    case 'T':
      return value === true || value === undefined;
    case 'F':
      return value === false || value === undefined;
    case 'N':
      return value === null || value === undefined;
    case 'I':
      return value === undefined;
    case '[':
      return isList(value);
    default:
      return false;
  }
}

function isCharacter(value: unknown): boolean {
  return typeof value === 'string' && /^.$/su.test(value);
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isLong(value: unknown, least: bigint, most: bigint): boolean {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && isLong(BigInt(value), least, most);
  return typeof value === 'bigint' && value >= least && value <= most;
}

function fromArgument(argument: OscArgument): OscValue {
  switch (argument.type) {
    case '[':
      return argument.value.map(fromArgument);
    case 'T':
      return true;
    case 'F':
      return false;
    case 'N':
      return null;
    case 'I':
      return { type: 'I' };
    default:
      return argument.value;
  }
}

/** One argument is the value itself, several are an array, none is undefined. */
export function fromArguments(args: OscArgument[]): OscValue | undefined {
  const [first] = args;
  // An OSC array alone stays within one, so that it can be written back as it was read.
  const several = args.length > 1 || first?.type === '[';
  if (first === undefined || several) return first && args.map(fromArgument);
  return fromArgument(first);
}

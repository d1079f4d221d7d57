// JavaScript values as OSC arguments, the types of addresses, and the numbers of calls.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OscGateError } from '../src/errors.js';
import { Numbers, onTheWire } from '../src/numbers.js';
import type { OscArgument } from '../src/osc/index.js';
import { Types } from '../src/types.js';
import { fromArguments, toArguments, type OscValue } from '../src/values.js';
import { gatewayUrl } from '../src/wire/url.js';

test('each kind of value has its type', () => {
  const bytes = Uint8Array.of(1);
  for (const [value, args] of [
    [undefined, []],
    [0.5, [{ type: 'f', value: 0.5 }]],
    [3, [{ type: 'f', value: 3 }]],
    [true, [{ type: 'T', value: true }]],
    [false, [{ type: 'F', value: false }]],
    ['x', [{ type: 's', value: 'x' }]],
    [3n, [{ type: 'h', value: 3n }]],
    [bytes, [{ type: 'b', value: bytes }]],
    [null, [{ type: 'N', value: null }]],
    [
      [1, 'a'],
      [
        { type: 'f', value: 1 },
        { type: 's', value: 'a' },
      ],
    ],
    [[[1]], [{ type: '[', value: [{ type: 'f', value: 1 }] }]],
    [{ type: 'i', value: 3 }, [{ type: 'i', value: 3 }]],
    [{ type: 'I' }, [{ type: 'I', value: undefined }]],
  ] as [OscValue | undefined, OscArgument[]][]) {
    assert.deepEqual(toArguments(value), args);
  }
});

test('a known type is kept, unless it would cut the number', () => {
  const type = (value: OscValue, tags: string) => toArguments(value, tags)[0]?.type;
  assert.equal(type(1, 'i'), 'i');
  assert.equal(type(0.5, 'i'), 'f');
  assert.equal(type(2 ** 31, 'i'), 'f');
  assert.equal(type(0.5, 'd'), 'd');
  assert.deepEqual(toArguments(5, 'h'), [{ type: 'h', value: 5n }]);
  assert.equal(type(5, 't'), 't');
  assert.equal(type(-5, 't'), 'f');
  assert.equal(type(255, 'r'), 'r');
  assert.equal(type('a', 'c'), 'c');
  assert.equal(type('ab', 'c'), 's');
  assert.equal(type('ab', 'S'), 'S');
  assert.equal(type(true, 'i'), 'T');
  assert.deepEqual(
    toArguments([1, 1], 'if').map((arg) => arg.type),
    ['i', 'f'],
  );
});

test('what no type can carry is refused', () => {
  const wrong = [
    { type: 'i', value: 0.5 },
    { type: 'i', value: 2 ** 31 },
    { type: 's', value: 3 },
    { type: 'x' },
    { type: 'm', value: Uint8Array.of(1) },
    { type: 'c', value: 'ab' },
    { type: 't', value: -1n },
    { type: 'h', value: 2n ** 63n },
    { type: 'T', value: false },
    { value: 3 },
    {},
    'a\0b',
    2n ** 63n,
    Symbol('x'),
    () => 0,
    [undefined],
    { type: 'r', value: -1 },
    new Float32Array(2),
  ];
  for (const value of wrong) {
    assert.throws(
      () => toArguments(value as OscValue),
      (error) => {
        return error instanceof OscGateError && error.code === 'BAD_ARGUMENTS';
      },
    );
  }
});

test('arguments read as values', () => {
  const f: OscArgument = { type: 'f', value: 0.5 };
  assert.equal(fromArguments([]), undefined);
  assert.equal(fromArguments([f]), 0.5);
  assert.equal(fromArguments([{ type: 'N' }]), null);
  assert.equal(fromArguments([{ type: 'T' }]), true);
  assert.deepEqual(fromArguments([{ type: 'I' }]), { type: 'I' });
  assert.deepEqual(fromArguments([f, { type: '[', value: [f] }]), [0.5, [0.5]]);
  assert.deepEqual(fromArguments([{ type: '[', value: [f] }]), [[0.5]]);
});

test('declared types come before seen ones, and the seen are bounded', () => {
  const types = new Types({ '/mute/*': 'i', '/pos': ',ff' });
  types.see('/mute/1', [{ type: 'f', value: 1 }]);
  types.see('/x', [{ type: 'i', value: 1 }]);
  assert.equal(types.of('/mute/1'), 'i');
  assert.equal(types.of('/pos'), 'ff');
  assert.equal(types.of('/x'), 'i');
  assert.equal(types.of('/y'), '');
  for (let n = 0; n < 5000; n += 1) types.see(`/n/${n}`, [{ type: 'd', value: 1 }]);
  assert.equal(types.of('/x'), '');
  assert.equal(types.of('/n/4999'), 'd');
  assert.throws(() => new Types({ '/a': 'q' }));
  assert.throws(() => new Types({ '/[': 'i' }));
});

test('numbers follow the clock and stay within what is remembered', () => {
  const numbers = new Numbers();
  const second = (seconds: number) => 1_767_225_600_000 + seconds * 1000;
  assert.equal(numbers.next(1, second(1), undefined), 100);
  assert.equal(numbers.next(1, second(1), undefined), 101);
  // 101 may still be repeated, so the clock is not followed past what is remembered with it.
  assert.equal(numbers.next(1, second(9), 101), 164);
  assert.ok(!numbers.room(1, 101));
  assert.ok(numbers.room(1, 102));
  assert.equal(numbers.next(3, second(9), undefined), 900);
  assert.equal(numbers.next(1, second(0), undefined), 903);
  // Alone they follow each other, whatever the clock says, until the next session.
  numbers.countAlone();
  assert.equal(numbers.next(1, second(99), undefined), 904);
  assert.ok(numbers.remembers(841) && !numbers.remembers(840));
  numbers.begin();
  assert.equal(numbers.next(1, second(99), undefined), 9900);
  assert.ok(!numbers.remembers(9900));
  assert.equal(onTheWire(0), -(2 ** 31));
  assert.equal(onTheWire(2 ** 31), 0);
  assert.equal(onTheWire(2 ** 32 - 1), 2 ** 31 - 1);
  assert.equal(onTheWire(2 ** 32), -(2 ** 31));
});

test('a gateway is named by its URL', () => {
  assert.equal(gatewayUrl('ws://foh:8900/#top').href, 'ws://foh:8900/');
  assert.equal(gatewayUrl('http://foh:8900').href, 'ws://foh:8900/');
  assert.equal(gatewayUrl('https://foh').href, 'wss://foh/');
  assert.equal(gatewayUrl('udp://[::1]:8900').hostname, '[::1]');
  assert.equal(gatewayUrl('UDP://foh').protocol, 'udp:');
  for (const bad of ['', 'foh', 'foh:8900', 'ftp://foh', 'ws://', 'ws://a:99999']) {
    assert.throws(() => gatewayUrl(bad), { code: 'BAD_ARGUMENTS' }, bad);
  }
});

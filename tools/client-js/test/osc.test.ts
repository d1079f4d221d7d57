// OSC 1.0 by fixed bytes: those of the specification's own examples, and one for each type.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  addressFault,
  compilePattern,
  decodePacket,
  encodeBundle,
  encodeMessage,
  isPattern,
  type OscArgument,
  type OscMessage,
} from '../src/osc/index.js';
import { shortest } from '../src/osc/float.js';
import { random } from './support/relay.js';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

function hex(packet: Uint8Array): string {
  return Buffer.from(packet).toString('hex');
}

const OSCILLATOR = bytes(`
  2f6f7363 696c6c61 746f722f 342f6672 65717565 6e637900 2c660000 43dc0000`);
const FOO = bytes(`
  2f666f6f 00000000 2c696973 66660000 000003e8 ffffffff 68656c6c 6f000000 3f9df3b6 40b5b22d`);

test('the examples of the specification are written and read', () => {
  const oscillator: OscMessage = {
    address: '/oscillator/4/frequency',
    args: [{ type: 'f', value: 440 }],
  };
  const foo: OscMessage = {
    address: '/foo',
    args: [
      { type: 'i', value: 1000 },
      { type: 'i', value: -1 },
      { type: 's', value: 'hello' },
      { type: 'f', value: 1.234 },
      { type: 'f', value: 5.678 },
    ],
  };
  assert.equal(hex(encodeMessage(oscillator)), hex(OSCILLATOR));
  assert.equal(hex(encodeMessage(foo)), hex(FOO));
  assert.deepEqual(decodePacket(OSCILLATOR), [oscillator]);
  assert.deepEqual(decodePacket(FOO), [foo]);
});

const EACH_TYPE: [OscArgument, string][] = [
  [{ type: 'i', value: -2 }, 'fffffffe'],
  [{ type: 'f', value: 0.1 }, '3dcccccd'],
  [{ type: 's', value: 'data' }, '6461746100000000'],
  [{ type: 'b', value: Uint8Array.of(1, 2, 3, 4, 5) }, '000000050102030405000000'],
  [{ type: 'h', value: -3n }, 'fffffffffffffffd'],
  [{ type: 't', value: 2n ** 64n - 1n }, 'ffffffffffffffff'],
  [{ type: 'd', value: 0.1 }, '3fb999999999999a'],
  [{ type: 'S', value: 'sym' }, '73796d00'],
  [{ type: 'c', value: 'A' }, '00000041'],
  [{ type: 'r', value: 0xff00aa11 }, 'ff00aa11'],
  [{ type: 'm', value: Uint8Array.of(0, 0x90, 60, 100) }, '00903c64'],
  [{ type: 'T', value: true }, ''],
  [{ type: 'F', value: false }, ''],
  [{ type: 'N', value: null }, ''],
  [{ type: 'I' }, ''],
];

test('each type is written and read by its bytes', () => {
  for (const [arg, payload] of EACH_TYPE) {
    const packet = bytes(`2f610000 2c${Buffer.from(arg.type).toString('hex')}0000 ${payload}`);
    assert.equal(hex(encodeMessage({ address: '/a', args: [arg] })), hex(packet), arg.type);
    assert.deepEqual(decodePacket(packet), [{ address: '/a', args: [arg] }], arg.type);
  }
});

test('arrays and bundles hold what lies in them', () => {
  const list: OscArgument = {
    type: '[',
    value: [
      { type: 'i', value: 1 },
      { type: '[', value: [] },
    ],
  };
  const message = { address: '/a', args: [list, { type: 's' as const, value: 'ü' }] };
  const packet = encodeMessage(message);
  assert.equal(hex(packet), hex(bytes('2f610000 2c5b695b 5d5d7300 00000001 c3bc0000')));
  assert.deepEqual(decodePacket(packet), [message]);
  const bundle = encodeBundle([message, { address: '/b', args: [] }]);
  assert.equal(
    hex(bundle.subarray(0, 20)),
    hex(bytes('2362756e646c6500 0000000000000001 00000014')),
  );
  assert.deepEqual(decodePacket(bundle), [message, { address: '/b', args: [] }]);
  assert.deepEqual(decodePacket(encodeBundle([])), []);
});

test('a message without type tags has no arguments', () => {
  assert.deepEqual(decodePacket(bytes('2f610000')), [{ address: '/a', args: [] }]);
});

test('what is malformed is not read, and throws nothing', () => {
  const deep = (levels: number) => {
    let packet = encodeMessage({ address: '/a', args: [] });
    for (let level = 0; level < levels; level += 1) {
      const head = new Uint8Array(20 + packet.length);
      head.set(bytes('2362756e646c6500 0000000000000001'));
      new DataView(head.buffer).setInt32(16, packet.length);
      head.set(packet, 20);
      packet = head;
    }
    return packet;
  };
  assert.notEqual(decodePacket(deep(8)), undefined);
  assert.equal(decodePacket(deep(9)), undefined);
  for (const bad of [
    '',
    '2f',
    '2f612f61',
    '2f610000 2c690000',
    '2f610000 2c690000 000001',
    '2f610000 2c780000',
    '2f610000 2c5b0000',
    '2f610000 2c5d0000',
    '2f610000 2c000000 00000000',
    '2f610000 69000000',
    '2f610000 2c620000 ffffffff',
    '2f610000 2c620000 00000009 00000000',
    '23787878 00000000',
    '2362756e646c6500 00000000',
    '2362756e646c6500 0000000000000001 00000003 2f610000',
  ]) {
    assert.equal(decodePacket(bytes(bad)), undefined, bad);
  }
});

test('any bytes are read or refused', () => {
  const chance = random(7);
  for (let round = 0; round < 20_000; round += 1) {
    const packet = (round % 2 === 0 ? FOO : encodeBundle([{ address: '/a', args: [] }])).slice();
    for (let change = 0; change < 3; change += 1) {
      packet[Math.floor(chance() * packet.length)] = Math.floor(chance() * 256);
    }
    decodePacket(packet.subarray(0, Math.ceil(chance() * packet.length)));
  }
});

test('a float reads as the shortest decimal that means the same float', () => {
  for (const decimal of [
    0,
    0.1,
    0.5,
    0.7,
    1 / 3,
    1.234,
    0.998,
    1e-7,
    3.4e38,
    -0.05,
    16777216,
    1e-45,
  ]) {
    const read = shortest(Math.fround(decimal));
    assert.equal(Math.fround(read), Math.fround(decimal));
    assert.ok(String(read).length <= String(decimal).length, `${decimal} reads as ${read}`);
  }
  assert.ok(Number.isNaN(shortest(NaN)));
  assert.equal(shortest(-Infinity), -Infinity);
  const view = new DataView(new ArrayBuffer(4));
  const chance = random(3);
  for (let round = 0; round < 20_000; round += 1) {
    view.setUint32(0, Math.floor(chance() * 2 ** 32));
    const float = view.getFloat32(0);
    if (!Number.isNaN(float)) assert.equal(Math.fround(shortest(float)), float);
  }
});

test('patterns match as the gateway matches them', () => {
  for (const [pattern, matches, others] of [
    ['/a?c', ['/abc'], ['/ac', '/a/c']],
    ['/*', ['/', '/a'], ['/a/b']],
    ['/ch/[0-9]/x', ['/ch/3/x'], ['/ch/13/x', '/ch/a/x']],
    ['/[!a-c]', ['/d'], ['/a', '//']],
    ['/[a-]', ['/a', '/-'], ['/b']],
    ['/{foo,bar,}x', ['/foox', '/barx', '/x'], ['/bax']],
    ['/a//b', ['/a/b', '/a/x/b', '/a/x/y/b'], ['/a/xb', '/ab']],
    ['/a//', ['/a/b', '/a/b/c'], ['/a', '/ab']],
    ['//b', ['/b', '/x/b'], ['/xb']],
    ['//*', ['/a', '/a/b'], ['/oscgate/status/locked']],
    ['/oscgate/status/*', ['/oscgate/status/locked'], ['/oscgate/reply']],
    ['/a.b+c(d)|e^$', ['/a.b+c(d)|e^$'], ['/axb']],
    ['/a.*', ['/a.1'], ['/ab1']],
    ['/ü/*', ['/ü/1'], ['/u/1']],
  ] as [string, string[], string[]][]) {
    const test = compilePattern(pattern);
    for (const address of matches) assert.ok(test(address), `${pattern} matches ${address}`);
    for (const address of others) assert.ok(!test(address), `${pattern} does not match ${address}`);
  }
  for (const bad of ['a', '/[', '/[]', '/[z-a]', '/{a', '/a}', '/a]', '/{a/b}', '/{a*}', '/\n']) {
    assert.throws(() => compilePattern(bad), bad);
  }
});

test('an address is told from a pattern and from neither', () => {
  assert.ok(!isPattern('/a/b c#,'));
  for (const pattern of ['/a*', '/a?', '/[a]', '/{a}', '/a//b']) assert.ok(isPattern(pattern));
  assert.equal(addressFault('/ä'), undefined);
  assert.notEqual(addressFault('a'), undefined);
  assert.notEqual(addressFault('/a\u0007'), undefined);
  assert.equal(addressFault(`/${'a'.repeat(254)}`), undefined);
  assert.notEqual(addressFault(`/${'a'.repeat(255)}`), undefined);
});

// The order of what is done to one address, and what becomes of values that wait.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import type { OscGateClient } from '../src/node.js';
import { join, refused } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { Relay } from './support/relay.js';

/** A client whose first request is under way until the gate opens. */
async function behindGate(t: TestContext) {
  const gateway = await Gateway.start(t);
  const relay = await Relay.start(t, gateway.udpPort);
  const client = await join(t, relay.url);
  const other = await join(t, gateway.url('udp'));
  const gate = {
    shut() {
      relay.cut = true;
    },
    open() {
      relay.cut = false;
    },
  };
  return { client, other, gate };
}

describe('what waits for its turn', { concurrency: true }, () => {
  test('only the newest of plain values is sent, and all promises follow it', async (t) => {
    const { client, gate } = await behindGate(t);
    gate.shut();
    const first = client.set('/a', 0);
    const waiting = [1, 2, 3, 4].map((value) => client.set('/a', value));
    gate.open();
    assert.deepEqual(await first, { revision: 1, count: 1 });
    for (const result of await Promise.all(waiting))
      assert.deepEqual(result, { revision: 2, count: 1 });
    assert.equal(await client.get('/a'), 4);
  });

  const cases: [string, object, object, boolean][] = [
    ['lock, then plain: lock', { lock: true }, {}, true],
    ['plain, then lock: lock', {}, { lock: true }, true],
    ['unlock, then plain: unlock', { unlock: true }, {}, false],
    ['lock, then unlock: unlock', { lock: true }, { unlock: true }, false],
    ['unlock, then lock: lock', { unlock: true }, { lock: true }, true],
  ];
  for (const [name, older, newer, locked] of cases) {
    test(`merging ${name} with the newer value`, async (t) => {
      const { client, gate } = await behindGate(t);
      gate.shut();
      const results = [client.set('/a', 0), client.set('/a', 1, older), client.set('/a', 2, newer)];
      gate.open();
      const revisions = (await Promise.all(results)).map(({ revision }) => revision);
      assert.deepEqual(revisions, [1, 2, 2]);
      const meta = await client.get('/a', { meta: true });
      assert.deepEqual([meta.value, meta.locked], [2, locked]);
    });
  }

  test('a waiting unlock that a plain value has overtaken releases', async (t) => {
    const { client, gate } = await behindGate(t);
    await client.set('/a', 0, { lock: true });
    gate.shut();
    const results = [
      client.set('/a', 1, { lock: true }),
      client.set('/a', 2, { unlock: true }),
      client.set('/a', 3),
    ];
    gate.open();
    await Promise.all(results);
    const meta = await client.get('/a', { meta: true });
    assert.deepEqual([meta.value, meta.locked, meta.revision], [3, false, 3]);
  });

  test('events and conditional writes all count, in order', async (t) => {
    const { client, other, gate } = await behindGate(t);
    const seen: unknown[] = [];
    other.on('/go', (value) => seen.push(value));
    await other.sync('/go');
    gate.shut();
    const all = [
      client.set('/go'),
      client.set('/go'),
      client.set('/go', 1),
      client.set('/go', 2),
      client.set('/go'),
      client.set('/go', 3, { revision: 1 }),
      client.set('/go', 4, { revision: 2 }),
    ];
    gate.open();
    const revisions = (await Promise.all(all)).map(({ revision }) => revision);
    assert.deepEqual(revisions, [0, 0, 1, 1, 1, 2, 3]);
    await other.get('/go');
    assert.deepEqual(seen, [undefined, undefined, 2, undefined, 3, 4]);
  });

  test('lock, unlock and take stand behind what waits', async (t) => {
    const { client, gate } = await behindGate(t);
    gate.shut();
    const values = [client.set('/a', 1), client.set('/a', 2)];
    const [locked, later, unlocked] = [client.lock('/a'), client.set('/a', 3), client.unlock('/a')];
    const taken = client.take('/a', 5);
    gate.open();
    await Promise.all(values);
    assert.equal((await locked).revision, 2);
    assert.equal((await later).revision, 3);
    await unlocked;
    assert.equal((await taken).revision, 4);
  });

  test('reading sees what was written before it', async (t) => {
    const { client, gate } = await behindGate(t);
    gate.shut();
    void client.set('/a', 1);
    void client.set('/a', 2, { lock: true });
    const [value, meta] = [client.get('/a'), client.get('/a', { meta: true })];
    gate.open();
    assert.equal(await value, 2);
    assert.equal((await meta).locked, true);
  });

  test('patterns and bundles stand in the order of the addresses that they touch', async (t) => {
    const { client, gate } = await behindGate(t);
    await Promise.all(['/p/1', '/p/2', '/q'].map((address) => client.set(address, 0)));
    gate.shut();
    const all: Promise<unknown>[] = [
      client.set('/p/1', 1),
      client.set('/p/*', 2),
      client.set('/p/1', 3),
      client.set('/q', 1),
      client.bundle([
        { address: '/p/2', value: 4 },
        { address: '/q', value: 5 },
      ]),
      client.set('/q', 6),
      client.set('/p/*', 7),
      client.set('/p/*', 8),
    ];
    gate.open();
    await Promise.all(all);
    assert.deepEqual(await values(client), [8, 8, 6]);
    const revisions = await Promise.all(
      ['/p/1', '/p/2', '/q'].map((address) => client.get(address, { meta: true })),
    );
    assert.deepEqual(
      revisions.map(({ revision }) => revision),
      [5, 4, 4],
    );
  });

  test('a refused value does not hold up the next', async (t) => {
    const { client, other, gate } = await behindGate(t);
    await other.set('/a', 0, { lock: true });
    gate.shut();
    const results = [client.set('/a', 1), client.set('/a', 2), client.set('/a', 3, { lock: true })];
    gate.open();
    for (const result of results) await refused(result, 'LOCK_HELD');
    await other.unlock('/a');
    assert.equal((await client.set('/a', 4)).revision, 2);
  });

  test('each promise has its own time', async (t) => {
    const gateway = await Gateway.start(t);
    const relay = await Relay.start(t, gateway.udpPort);
    const client = await join(t, relay.url, { timeout: 500 });
    relay.cut = true;
    const began = performance.now();
    const all = Array.from({ length: 20 }, (_, n) => client.set('/a', n));
    for (const result of all) await refused(result, 'NO_ANSWER');
    const took = performance.now() - began;
    assert.ok(took < 1500, `${took} ms`);
    relay.cut = false;
    await client.set('/a', 21);
    assert.equal(await client.get('/a'), 21);
  });
});

function values(client: OscGateClient) {
  return Promise.all(['/p/1', '/p/2', '/q'].map((address) => client.get(address)));
}

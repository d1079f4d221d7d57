// Every error that the gateway or the client comes to, and how each lock is lost.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test, type TestContext } from 'node:test';

import { connect, OscGateError, type LostLock } from '../src/node.js';
import { join, refused } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { Raw } from './support/raw.js';
import { Log } from './support/wait.js';

const SHOW = `
[limits]
locks_per_client = 2
subscriptions_per_client = 2

[[client]]
name = "stage manager"
source = "127.0.0.2"
priority = 10

[[address]]
match = "/meters/*"
lock = "never"

[[address]]
match = "/fixed/*"
access = "read-only"

[[address]]
match = "/guarded/*"
lock = "required"

[[address]]
match = "/ranged/*"
args = "f"
range = [0.0, 1.0]
outside = "refuse"

[[address]]
match = "/clipped/*"
args = "f"
range = [0.0, 1.0]
`;

const bad = (text: string) => ({ type: 's' as const, value: text });

for (const kind of ['udp', 'ws'] as const) {
  describe(`errors over ${kind}`, { concurrency: true }, () => {
    const start = async (t: TestContext) => {
      const gateway = await Gateway.start(t, SHOW);
      return { gateway, client: await join(t, gateway.url(kind), { name: 'me' }) };
    };

    test('what the rules forbid is refused with its code', async (t) => {
      const { client } = await start(t);
      await refused(client.lock('/meters/1'), 'NOT_ALLOWED');
      await refused(client.set('/fixed/1', 1), 'READ_ONLY');
      await refused(client.set('/guarded/1', 1), 'LOCK_REQUIRED');
      await client.set('/guarded/1', 1, { lock: true });
      await refused(client.set('/ranged/1', 1.5), 'OUT_OF_RANGE');
      await refused(client.set('/ranged/1', 'loud'), 'BAD_ARGUMENTS');
      await refused(client.get('/ranged/1'), 'NOT_FOUND');
      await client.set('/clipped/1', 1.5);
      assert.equal(await client.get('/clipped/1'), 1);
    });

    test('a limit is told, to the caller or as an event', async (t) => {
      const { client } = await start(t);
      await client.lock('/a');
      await client.lock('/b');
      await refused(client.lock('/c'), 'LIMIT');
      const errors = new Log<Error>();
      client.on('error', errors.push);
      for (const pattern of ['/1', '/2', '/3']) client.on(pattern, () => undefined);
      const error = await errors.first(() => true, 'the limit of subscriptions');
      assert.ok(error instanceof OscGateError);
      assert.deepEqual([error.code, error.address], ['LIMIT', '/3']);
    });

    test('what is no address and no value is refused before it is sent', async (t) => {
      const { client } = await start(t);
      for (const address of [
        'a',
        '',
        '/a\u0001',
        `/${'x'.repeat(255)}`,
        '/oscgate/bye',
        '/oscgate',
      ]) {
        await refused(client.set(address, 1), 'BAD_ADDRESS');
        await refused(client.get(address), 'BAD_ADDRESS');
        await refused(client.lock(address), 'BAD_ADDRESS');
      }
      await refused(client.set(undefined as unknown as string, 1), 'BAD_ADDRESS');
      await refused(client.get('/a*'), 'BAD_ADDRESS');
      await refused(client.take('/a*'), 'BAD_ADDRESS');
      await refused(client.set('/[', 1), 'BAD_ADDRESS');
      await refused(client.set('/a', {} as never), 'BAD_ARGUMENTS');
      await refused(client.set('/a', 1, null as never), 'BAD_ARGUMENTS');
      await refused(client.get('/a', null as never), 'BAD_ARGUMENTS');
      await refused(client.bundle(null as never), 'BAD_ARGUMENTS');
      await refused(client.set('/a', 1, { lock: true, unlock: true }), 'BAD_ARGUMENTS');
      await refused(client.set('/a', 1, { lock: true, revision: 1 }), 'BAD_ARGUMENTS');
      await refused(client.set('/a', 1, { revision: 0.5 }), 'BAD_ARGUMENTS');
      await refused(client.set('/a', 1, { revision: -1 }), 'BAD_ARGUMENTS');
      await refused(client.set('/a', undefined, { revision: 0 }), 'BAD_ARGUMENTS');
      for (const options of [{ locked: true }, { lock: 'yes' }, { Lock: true }, { toString: 1 }]) {
        await refused(client.set('/a', 1, options as never), 'BAD_ARGUMENTS');
        await refused(client.bundle([{ address: '/a', ...options } as never]), 'BAD_ARGUMENTS');
        await refused(client.get('/a', options as never), 'BAD_ARGUMENTS');
      }
      await refused(client.set('/a', new Uint8Array(70_000)), 'LIMIT');
      assert.throws(() => client.on('/[', () => undefined), { code: 'BAD_ADDRESS' });
      assert.throws(() => client.on('nonsense', () => undefined), { code: 'BAD_ADDRESS' });
      assert.equal((await client.set('/a', 1)).revision, 1);
    });

    test('what a pattern is refused for names the pattern', async (t) => {
      const { client } = await start(t);
      await client.set('/guarded/1', 1, { unlock: true }).catch(() => undefined);
      await client.set('/guarded/1', 1, { lock: true });
      await client.unlock('/guarded/1');
      const error = await refused(client.set('/guarded/*', 2), 'LOCK_REQUIRED');
      assert.equal(error.address, '/guarded/*');
    });

    test('nobody need look at a refusal', async (t) => {
      const { client } = await start(t);
      void client.set('/fixed/1', 1);
      void client.get('/nothing');
      void client.sync('/[');
      void client.bundle([{ address: 'x' }]);
      void connect('nonsense');
      await client.set('/a', 1);
    });

    test('a lock that ends otherwise is reported with its cause', async (t) => {
      const { gateway, client } = await start(t);
      const lost = new Log<LostLock>();
      client.on('lost', lost.push);
      const cause = async (address: string) =>
        (await lost.first((lock) => lock.address === address, address)).cause;
      const manager = await Raw.open(t, gateway, '127.0.0.2');
      await client.lock('/taken');
      assert.equal(await manager.call(1, '/oscgate/take', bad('/taken')), 'OK');
      assert.equal(await cause('/taken'), 'taken');
      const error = await refused(client.set('/taken', 1), 'LOCK_HELD');
      assert.equal(error.holder, 'stage manager');
      await client.lock('/forced');
      assert.equal(await manager.call(2, '/oscgate/release', bad('/forced'), bad('lunch')), 'OK');
      assert.equal(await cause('/forced'), 'forced');
      await client.lock('/withdrawn');
      await gateway.reload(`${SHOW}\n[[address]]\nmatch = "/withdrawn"\nlock = "never"\n`);
      assert.equal(await cause('/withdrawn'), 'withdrawn');
      await client.lock('/kept');
      await client.unlock('/kept');
      assert.equal(lost.entries.length, 3);
    });
  });
}

test('nobody there is an error, soon', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  const mute = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => {
    silent.close();
    mute.close();
  });
  await Promise.all([once(silent, 'listening'), once(mute, 'listening')]);
  const port = (silent.address() as { port: number }).port;
  await refused(connect('udp://127.0.0.1:1'), 'NO_ANSWER');
  await refused(connect('ws://127.0.0.1:1'), 'NO_ANSWER');
  await refused(connect('udp://nowhere.invalid'), 'NO_ANSWER');
  await refused(connect('ws://nowhere.invalid'), 'NO_ANSWER');
  await refused(connect({ url: `ws://127.0.0.1:${port}`, timeout: 300 }), 'NO_ANSWER');
  await refused(
    connect({ url: `udp://127.0.0.1:${mute.address().port}`, timeout: 300 }),
    'NO_ANSWER',
  );
  for (const url of ['', 'foh', 'ftp://foh', 'ws://']) await refused(connect(url), 'BAD_ARGUMENTS');
  await refused(connect({ types: { '/a': '?' } }), 'BAD_ARGUMENTS');
  for (const options of [null, { types: null }, { url: 5 }]) {
    await refused(connect(options as never), 'BAD_ARGUMENTS');
  }
  for (const options of [{ host: 'foh' }, { timeout: 0 }, { heartbeat: NaN }, { name: 3 }]) {
    await refused(connect(options as never), 'BAD_ARGUMENTS');
  }
});

test('a priority takes a lock from its holder, who is told', async (t) => {
  const show = SHOW.replace('source = "127.0.0.2"', 'source = "127.0.0.1"');
  const gateway = await Gateway.start(t, show);
  const holder = await Raw.open(t, gateway, '127.0.0.2');
  assert.equal(await holder.call(1, '/oscgate/lock', bad('/x'), { type: 'f', value: 0.5 }), 'OK');
  const client = await join(t, gateway.url('udp'), { name: 'another' });
  assert.equal(client.name, 'stage manager', 'a configured client keeps its name');
  await refused(client.set('/x', 1, { lock: true }), 'LOCK_HELD');
  assert.deepEqual(await client.take('/x', 0.75), { timeout: 30_000, revision: 2 });
  await client.set('/x', 1);
  await holder.heard.first(
    ({ address }) => address === '/oscgate/status/unlocked',
    'the holder is told',
  );
});

test('a session of old, higher numbers is left and begun anew', async (t) => {
  const show = SHOW.replace('source = "127.0.0.2"', 'source = "127.0.0.1"');
  const gateway = await Gateway.start(t, show);
  const raw = await Raw.open(t, gateway, '127.0.0.1');
  assert.equal(await raw.call(2 ** 31 - 2, '/oscgate/ping'), 'OK');
  const client = await join(t, gateway.url('udp'));
  assert.equal((await client.set('/a', 1)).revision, 1);
  assert.equal(await raw.call(2 ** 31 - 1, '/oscgate/ping'), 'OK');
  await refused(client.set('/a', 2), 'STALE');
});

test('a session that others share is not ended, but its locks are let go', async (t) => {
  const show = SHOW.replace('source = "127.0.0.2"', 'source = "127.0.0.1"');
  const gateway = await Gateway.start(t, show);
  const raw = await Raw.open(t, gateway, '127.0.0.1');
  assert.equal(await raw.call(-(2 ** 31), '/oscgate/lock', bad('/theirs')), 'OK');
  const client = await join(t, gateway.url('udp'));
  await client.lock('/ours');
  await client.close();
  const other = await Raw.open(t, gateway, '127.0.0.3');
  assert.equal(await other.call(1, '/oscgate/lock', bad('/ours')), 'OK');
  assert.equal(await other.call(2, '/oscgate/lock', bad('/theirs')), 'LOCK_HELD');
});

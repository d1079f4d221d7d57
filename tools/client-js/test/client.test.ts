// Every call of a client, over UDP and over WebSocket.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connect, type OscArgument, type OscGateClient, type OscValue } from '../src/node.js';
import { join, refused } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { Log } from './support/wait.js';

interface Update {
  value: OscValue | undefined;
  address: string;
  args: OscArgument[];
}

/** All updates of a pattern, once the gateway follows it. */
async function follow(client: OscGateClient, pattern: string): Promise<Log<Update>> {
  const log = new Log<Update>();
  client.on(pattern, (value, address, args) => log.push({ value, address, args }));
  await client.sync(pattern);
  return log;
}

for (const kind of ['udp', 'ws'] as const) {
  describe(`over ${kind}`, { concurrency: true }, () => {
    let gateway: Gateway;
    const ends: (() => unknown)[] = [];
    before(async () => {
      gateway = await Gateway.start({ after: (end) => ends.push(end) });
    });
    after(async () => {
      for (const end of ends) await end();
    });
    const url = () => gateway.url(kind);

    test('connect takes a URL, or options with a name', async (t) => {
      const plain = await connect(url());
      t.after(() => plain.close());
      assert.match(plain.name, /^127\.0\.0\.1:\d+$/);
      assert.equal(plain.state, 'connected');
      const named = await join(t, url(), { name: 'désk 1' });
      assert.equal(named.name, 'désk 1');
      const other = await join(t, url());
      await named.set('/connect/1', 1);
      assert.equal((await other.get('/connect/1', { meta: true })).writer, 'désk 1');
    });

    test('a name that stands for several addresses is tried at each', async (t) => {
      const client = await join(t, url().replace('127.0.0.1', 'localhost'));
      assert.equal((await client.set('/localhost', 1)).revision, 1);
    });

    test('a name in use is refused, and is free again after its holder has left', async (t) => {
      const first = await join(t, url(), { name: 'taken' });
      const error = await refused(connect({ url: url(), name: 'taken' }), 'NAME_TAKEN');
      assert.match(error.message, /taken/);
      await first.close();
      assert.equal((await join(t, url(), { name: 'taken' })).name, 'taken');
      await refused(connect({ url: url(), name: 'a/b' }), 'BAD_ARGUMENTS');
    });

    test('set resolves to the revision', async (t) => {
      const client = await join(t, url());
      assert.deepEqual(await client.set('/set/1', 0.5), { revision: 1, count: 1 });
      assert.deepEqual(await client.set('/set/1', 0.6), { revision: 2, count: 1 });
    });

    test('set by pattern writes every address that is known, and says how many', async (t) => {
      const client = await join(t, url());
      await Promise.all([1, 2, 3].map((n) => client.set(`/many/${n}`, 0)));
      const written = await client.set('/many/[1-2]', 0.5);
      assert.deepEqual(written, { revision: undefined, count: 2 });
      const values = await Promise.all([1, 2, 3].map((n) => client.get(`/many/${n}`)));
      assert.deepEqual(values, [0.5, 0.5, 0]);
      await refused(client.set('/none/*', 1), 'NOT_FOUND');
    });

    test('set with a revision writes only what has not changed', async (t) => {
      const client = await join(t, url());
      assert.deepEqual(await client.set('/if/1', 0.1, { revision: 0 }), { revision: 1, count: 1 });
      await refused(client.set('/if/1', 0.2, { revision: 0 }), 'CONFLICT');
      const { revision } = await client.get('/if/1', { meta: true });
      assert.equal((await client.set('/if/1', 0.3, { revision })).revision, 2);
      await client.set('/if/1', 0.4, { revision: 2n });
      await refused(client.set('/if/1', 0.5, { revision: 2 }), 'CONFLICT');
      assert.equal(await client.get('/if/1'), 0.4);
    });

    test('an event is passed on and not stored', async (t) => {
      const client = await join(t, url());
      const seen = await follow(client, '/go');
      await Promise.all([client.set('/go'), client.set('/go'), client.set('/go', undefined)]);
      await seen.first(() => seen.entries.length === 3, 'three events');
      assert.deepEqual(seen.entries[0], { value: undefined, address: '/go', args: [] });
      await refused(client.get('/go'), 'NOT_FOUND');
    });

    test('every type of value comes back as it went', async (t) => {
      const client = await join(t, url());
      const other = await join(t, url());
      const values: OscValue[] = [
        0.1,
        3,
        true,
        false,
        'text',
        'ünïcode',
        12345678901234567n,
        Uint8Array.of(1, 2, 3),
        null,
        [1, 'two', false],
        [1, [2, [3]]],
        '',
      ];
      for (const [at, value] of values.entries()) {
        await client.set(`/values/${at}`, value);
        assert.deepEqual(await other.get(`/values/${at}`), value);
      }
      const typed: [OscArgument, OscValue][] = [
        [{ type: 'i', value: 3 }, 3],
        [{ type: 'f', value: 3 }, 3],
        [{ type: 's', value: 'x' }, 'x'],
        [{ type: 'b', value: Uint8Array.of(9) }, Uint8Array.of(9)],
        [{ type: 'h', value: 1n }, 1n],
        [{ type: 't', value: 1n }, 1n],
        [{ type: 'd', value: 0.1 }, 0.1],
        [{ type: 'S', value: 'x' }, 'x'],
        [{ type: 'c', value: 'x' }, 'x'],
        [{ type: 'r', value: 0xff000001 }, 0xff000001],
        [{ type: 'm', value: Uint8Array.of(1, 2, 3, 4) }, Uint8Array.of(1, 2, 3, 4)],
        [{ type: 'T' }, true],
        [{ type: 'F' }, false],
        [{ type: 'N' }, null],
        [{ type: 'I' }, { type: 'I' }],
      ];
      const seen = await follow(other, '/typed/*');
      for (const [arg, value] of typed) {
        await client.set(`/typed/${arg.type}`, arg);
        const update = await seen.first(
          ({ address }) => address === `/typed/${arg.type}`,
          arg.type,
        );
        assert.equal(update.args[0]?.type, arg.type);
        assert.deepEqual(update.value, value);
      }
    });

    test('numbers keep the type that an address has', async (t) => {
      const client = await join(t, url(), {
        types: { '/kept/declared/*': 'i', '/kept/pair': 'if' },
      });
      const other = await join(t, url());
      const seen = await follow(other, '/kept//*');
      const types = async (address: string, value: OscValue) => {
        const before = seen.entries.length;
        await client.set(address, value);
        const isNew = (update: Update) =>
          seen.entries.indexOf(update) >= before && update.address === address;
        return (await seen.first(isNew, address)).args.map(({ type }) => type).join('');
      };
      assert.equal(await types('/kept/declared/1', 1), 'i');
      assert.equal(await types('/kept/declared/1', 0.5), 'f');
      assert.equal(await types('/kept/pair', [1, 1]), 'if');
      assert.equal(await types('/kept/seen', 1), 'f');
      await other.set('/kept/seen', { type: 'i', value: 2 });
      await client.get('/kept/seen');
      assert.equal(await types('/kept/seen', 3), 'i');
    });

    test('lock, unlock and take answer what the gateway says', async (t) => {
      const client = await join(t, url());
      assert.deepEqual(await client.lock('/lock/1'), { timeout: 30_000, revision: 0 });
      assert.deepEqual(await client.lock('/lock/1'), { timeout: 30_000, revision: 0 });
      assert.deepEqual(await client.take('/lock/1', 0.5), { timeout: 30_000, revision: 1 });
      await client.unlock('/lock/1');
      assert.deepEqual(await client.take('/lock/2'), { timeout: 30_000, revision: 0 });
      const other = await join(t, url());
      await refused(other.take('/lock/2'), 'LOCK_HELD');
      assert.deepEqual(await client.set('/lock/2', undefined, { unlock: true }), {
        revision: 0,
        count: 1,
      });
      assert.equal((await client.set('/lock/2', undefined, { lock: true })).count, 1);
    });

    test('on hands out matching updates until it is taken back', async (t) => {
      const client = await join(t, url());
      const other = await join(t, url());
      const [first, second] = [new Log<unknown>(), new Log<unknown>()];
      const off = client.on('/on/*', (value) => first.push(value));
      client.on('/on/*', (value) => second.push(value));
      assert.equal(await client.sync('/on/*'), 0);
      await other.set('/on/1', 1);
      await first.first((value) => value === 1, 'the first handler');
      off();
      off();
      await other.set('/on/1', 2);
      await second.first((value) => value === 2, 'the second handler');
      assert.deepEqual(first.entries, [1]);
    });

    test('the last handler taken back ends the subscription', async (t) => {
      const client = await join(t, url());
      const other = await join(t, url());
      const log = new Log<unknown>();
      for (let round = 0; round < 5; round += 1) client.on('/again', log.push)();
      const off = client.on('/again', log.push);
      await client.sync('/again');
      await other.set('/again', 1);
      await log.first((value) => value === 1, 'an update');
      off();
      // The marker is behind whatever would still come.
      const marker = await follow(client, '/marker');
      await other.set('/again', 2);
      await other.set('/marker', 1);
      await marker.first(() => true, 'the marker');
      assert.deepEqual(log.entries, [1]);
    });

    test('a handler that throws stops no other, and is told', async (t) => {
      const client = await join(t, url());
      const log = new Log<unknown>();
      const errors = new Log<Error>();
      client.on('error', errors.push);
      client.on('/throws', () => {
        throw new Error('at once');
      });
      client.on('/throws', () => Promise.reject(new Error('later')));
      client.on('/throws', log.push);
      await client.sync('/throws');
      await client.set('/throws', 1);
      await log.first((value) => value === 1, 'the other handler');
      await errors.first(({ message }) => message === 'at once', 'the first error');
      await errors.first(({ message }) => message === 'later', 'the second error');
    });

    test('sync hands all values to the handlers that match, and counts them', async (t) => {
      const client = await join(t, url());
      await Promise.all(Array.from({ length: 300 }, (_, n) => client.set(`/sync/${n}`, n)));
      const other = await join(t, url());
      const log = await follow(other, '/sync/*');
      assert.equal(new Set(log.entries.map(({ address }) => address)).size, 300);
      const [count, again] = await Promise.all([other.sync('/sync/1?'), other.sync('/sync/1?')]);
      assert.deepEqual([count, again], [10, 10]);
      await refused(other.sync('/['), 'BAD_ADDRESS');
    });

    test('onStatus tells of locks, denials, sessions and the heartbeat', async (t) => {
      const client = await join(t, url());
      const told = new Log<{ kind: string } & Record<string, unknown>>();
      for (const kind of [
        'denied',
        'locked',
        'unlocked',
        'connected',
        'disconnected',
        'heartbeat',
      ] as const) {
        client.onStatus(kind, (status) => told.push({ kind, ...status }));
      }
      await client.sync('/oscgate/status/locked');
      const other = await join(t, url(), { name: 'teller' });
      const endpoint = await told.first(
        ({ kind, name }) => kind === 'connected' && name === 'teller',
        'connected',
      );
      assert.match(String(endpoint.endpoint), /^127\.0\.0\.1:\d+$/);
      await other.set('/told', 1, { lock: true });
      const isTold = (kind: string) => (entry: Record<string, unknown>) => {
        return entry.kind === kind && (entry.address === '/told' || entry.name === 'teller');
      };
      const locked = await told.first(isTold('locked'), 'locked');
      assert.deepEqual(locked, {
        kind: 'locked',
        address: '/told',
        holder: 'teller',
        timeout: 30_000,
      });
      await refused(client.set('/told', 2), 'LOCK_HELD');
      const denied = await told.first(isTold('denied'), 'denied');
      assert.equal(denied.code, 'LOCK_HELD');
      assert.equal(denied.holder, 'teller');
      assert.ok(Number(denied.remaining) > 29_000);
      told.entries.length = 0;
      assert.ok((await client.sync('/oscgate/status/locked')) >= 1);
      await told.first(isTold('locked'), 'locked, by sync');
      await other.close();
      const unlocked = await told.first(isTold('unlocked'), 'unlocked');
      assert.equal(unlocked.cause, 'disconnected');
      const ended = await told.first(isTold('disconnected'), 'disconnected');
      assert.equal(ended.cause, kind === 'udp' ? 'bye' : 'closed');
      assert.equal(
        typeof (await told.first(({ kind }) => kind === 'heartbeat', 'heartbeat')).count,
        'number',
      );
      assert.throws(() => client.onStatus('nonsense' as 'denied', () => undefined), {
        code: 'BAD_ARGUMENTS',
      });
    });

    test('asking who is there is not taken for a lost session', async (t) => {
      const client = await join(t, url(), { heartbeat: 100 });
      const events = new Log<unknown>();
      client.on('disconnected', events.push);
      client.onStatus('connected', () => undefined);
      await client.set('/who', 1, { lock: true });
      for (let round = 0; round < 5; round += 1)
        assert.ok((await client.sync('/oscgate/status/connected')) >= 1);
      await client.set('/who', 2, { lock: true });
      assert.deepEqual(events.entries, []);
    });

    test('a bundle is done in order, or atomically', async (t) => {
      const client = await join(t, url());
      const written = await client.bundle([
        { address: '/bundle/1', value: 1 },
        { address: '/bundle/1', value: 2, lock: true },
        { address: '/bundle/2', value: 'x', revision: 0 },
        { address: '/bundle/*', value: 5 },
        { address: '/bundle/1', value: 6, unlock: true },
        { address: '/bundle/go' },
      ]);
      assert.deepEqual(written, [
        { revision: 1, count: 1 },
        { revision: 2, count: 1 },
        { revision: 1, count: 1 },
        { revision: undefined, count: 2 },
        { revision: 4, count: 1 },
        { revision: 0, count: 1 },
      ]);
      const all = await client.bundle(
        [
          { address: '/bundle/1', value: 7 },
          { address: '/bundle/3', value: 1 },
        ],
        { atomic: true },
      );
      assert.deepEqual(all, [
        { revision: 5, count: 1 },
        { revision: 1, count: 1 },
      ]);
      assert.deepEqual(await client.bundle([]), []);
    });

    test('a refused bundle says which element, and an atomic one does nothing at all', async (t) => {
      const client = await join(t, url());
      const other = await join(t, url(), { name: `holder ${kind}` });
      await other.lock('/refused/3');
      const elements = [1, 2, 3, 4].map((n) => ({ address: `/refused/${n}`, value: n }));
      const plain = await refused(client.bundle(elements), 'LOCK_HELD');
      assert.deepEqual(
        [plain.index, plain.address, plain.holder],
        [2, '/refused/3', `holder ${kind}`],
      );
      assert.equal(await client.get('/refused/4'), 4);
      const again = elements.map(({ address }) => ({ address, value: 9, lock: true }));
      const atomic = await refused(client.bundle(again, { atomic: true }), 'LOCK_HELD');
      assert.deepEqual(
        [atomic.index, atomic.address, atomic.holder],
        [undefined, undefined, `holder ${kind}`],
      );
      assert.match(atomic.message, /^one of these addresses is held by holder/);
      for (const n of [1, 2, 4]) {
        const { value, locked, revision } = await client.get(`/refused/${n}`, { meta: true });
        assert.deepEqual({ value, locked, revision }, { value: n, locked: false, revision: 1 });
      }
      await refused(
        client.bundle(
          [
            { address: '/refused/1', value: 9 },
            { address: '/refused/2', value: 9, revision: 7 },
          ],
          { atomic: true },
        ),
        'CONFLICT',
      );
      const local = await refused(
        client.bundle([
          { address: '/refused/1', value: 9 },
          { address: '/refused/*', value: 9, lock: true },
        ]),
        'BAD_ADDRESS',
      );
      assert.equal(local.index, 1);
      const long = Array.from({ length: 64 }, (_, n) => ({ address: `/long/${n}`, value: n }));
      await refused(client.bundle(long), 'LIMIT');
      assert.equal((await client.bundle(long.slice(1))).length, 63);
    });

    test('a thousand requests at once are all answered', async (t) => {
      const client = await join(t, url());
      const writes = Array.from({ length: 1000 }, (_, n) => client.set(`/burst/${n}`, n));
      const results = await Promise.all(writes);
      assert.ok(results.every(({ revision }) => revision === 1));
      assert.equal((await client.set('/burst/*', 0)).count, 1000);
    });

    test('after closing everything is refused', async (t) => {
      const client = await join(t, url());
      const last = client.set('/closing', 0.7);
      await client.close();
      assert.equal((await last).revision, 1);
      assert.equal(client.state, 'closed');
      for (const call of [
        () => client.set('/a', 1),
        () => client.get('/a'),
        () => client.lock('/a'),
        () => client.unlock('/a'),
        () => client.take('/a'),
        () => client.sync('/a'),
        () => client.bundle([{ address: '/a' }]),
      ]) {
        await refused(call(), 'CLOSED');
      }
      await client.close();
    });
  });
}

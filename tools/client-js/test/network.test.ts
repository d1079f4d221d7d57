// A network that loses, doubles and delays: everything is done once, and the last value stands.

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { OscGateError, type LostLock } from '../src/node.js';
import { join, refused } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { random, Relay, type Weather } from './support/relay.js';
import { Log, rest } from './support/wait.js';

const STORM: Weather = { loss: 0.25, copies: 0.2, delay: 60 };
const SEEDS = (process.env.OSCGATE_SEEDS ?? '1,2,3').split(',').map(Number);

async function stormy(t: TestContext, seed: number, name?: string) {
  const gateway = await Gateway.start(t);
  const relay = await Relay.start(t, gateway.udpPort, seed);
  relay.weather = STORM;
  const client = await join(t, relay.url, { timeout: 60_000, name });
  const watcher = await join(t, gateway.url('udp'));
  return { gateway, relay, client, watcher };
}

for (const seed of SEEDS) {
  describe(`in bad weather, seed ${seed}`, { concurrency: true }, () => {
    test('every write is done once', async (t) => {
      const { client, watcher } = await stormy(t, seed);
      const all = Array.from({ length: 200 }, (_, n) =>
        client.set(`/once/${n % 20}`, n, { revision: Math.floor(n / 20) }),
      );
      const revisions = (await Promise.all(all)).map(({ revision }) => revision);
      assert.deepEqual(
        revisions,
        Array.from({ length: 200 }, (_, n) => Math.floor(n / 20) + 1),
      );
      for (let address = 0; address < 20; address += 1) {
        const { value, revision } = await watcher.get(`/once/${address}`, { meta: true });
        assert.deepEqual([value, revision], [180 + address, 10]);
      }
    });

    test('every event is passed on once, in order', async (t) => {
      const { client, watcher } = await stormy(t, seed);
      let seen = 0;
      watcher.on('/go', () => {
        seen += 1;
      });
      await watcher.sync('/go');
      await Promise.all(Array.from({ length: 30 }, () => client.set('/go')));
      await watcher.set('/end', 1);
      assert.equal(seen, 30);
    });

    test('a drag ends on its last value, and its lock is gone', async (t) => {
      const { client, watcher } = await stormy(t, seed);
      const seen: number[] = [];
      watcher.on('/fader', (value) => seen.push(value as number));
      await watcher.sync('/fader');
      for (let drag = 0; drag < 5; drag += 1) {
        await client.set('/fader', drag * 100, { lock: true });
        for (let step = 1; step < 40; step += 1) {
          void client.set('/fader', drag * 100 + step, { lock: true });
          await rest(4);
        }
        await client.set('/fader', drag * 100 + 40, { unlock: true });
        const { value, locked } = await watcher.get('/fader', { meta: true });
        assert.deepEqual([value, locked], [drag * 100 + 40, false]);
      }
      assert.deepEqual(
        seen,
        seen.toSorted((one, next) => one - next),
        'no older value came after a newer',
      );
    });

    test('bundles are done once, all of it', async (t) => {
      const { client } = await stormy(t, seed);
      for (let round = 1; round <= 15; round += 1) {
        const elements = ['/x', '/y', '/z'].map((address) => ({
          address,
          value: round,
          revision: round - 1,
        }));
        const results = await client.bundle(elements, { atomic: round % 2 === 0 });
        assert.deepEqual(
          results.map(({ revision }) => revision),
          [round, round, round],
        );
      }
    });

    test('a sync is complete', async (t) => {
      const { client, watcher } = await stormy(t, seed);
      await Promise.all(Array.from({ length: 200 }, (_, n) => watcher.set(`/sync/${n}`, n)));
      const seen = new Map<string, unknown>();
      client.on('/sync/*', (value, address) => seen.set(address, value));
      assert.equal(await client.sync('/sync/*'), 200);
      assert.equal(seen.size, 200);
    });

    test('two clients that fight for one fader never both have it', async (t) => {
      const gateway = await Gateway.start(t);
      const relays = await Promise.all(
        [seed, seed + 50].map((own) => Relay.start(t, gateway.udpPort, own)),
      );
      for (const relay of relays) relay.weather = STORM;
      const clients = await Promise.all(
        relays.map((relay) => join(t, relay.url, { timeout: 10_000 })),
      );
      let owner: number | undefined;
      let turns = 0;
      await Promise.all(
        clients.map(async (client, at) => {
          const chance = random(seed * 7 + at);
          for (let turn = 0; turn < 25; turn += 1) {
            const granted = await client.set('/fight', turn, { lock: true }).then(
              () => true,
              (error: unknown) => {
                assert.ok(
                  error instanceof OscGateError && error.code === 'LOCK_HELD',
                  String(error),
                );
                return false;
              },
            );
            if (granted) {
              assert.equal(owner, undefined, 'both have it');
              owner = at;
              turns += 1;
              await rest(chance() * 20);
              owner = undefined;
              await client.unlock('/fight');
            } else {
              await rest(chance() * 30);
            }
          }
        }),
      );
      assert.ok(turns > 5, `${turns} turns`);
    });

    test('neither the session nor its locks are lost, and its name is known', async (t) => {
      const { client, relay } = await stormy(t, seed, `stormy ${seed}`);
      const lost = new Log<unknown>();
      client.on('lost', lost.push);
      client.on('disconnected', lost.push);
      assert.equal(client.name, `stormy ${seed}`);
      await client.set('/held', 1, { lock: true });
      const plain = await join(t, relay.url, { timeout: 10_000, heartbeat: 100 });
      assert.match(plain.name, /^127\.0\.0\.1:\d+$/);
      await rest(4000);
      await plain.set('/other', 1);
      await client.set('/held', 2);
      assert.deepEqual(lost.entries, []);
    });
  });
}

describe('what is lost at the worst moment', { concurrency: true }, () => {
  test('the end of a lock is noticed although its message is lost', async (t) => {
    const show = '[[address]]\nmatch = "/short"\nlock_timeout = "300ms"\n';
    const gateway = await Gateway.start(t, show);
    const relay = await Relay.start(t, gateway.udpPort);
    relay.drop = (way, bytes) =>
      way === 'back' && Buffer.from(bytes).includes('/oscgate/status/unlocked');
    const client = await join(t, relay.url);
    const lost = new Log<LostLock>();
    client.on('lost', lost.push);
    await client.set('/short', 1, { lock: true });
    assert.deepEqual(await lost.first(() => true, 'it expires'), {
      address: '/short',
      cause: 'expired',
    });
    // Taken by another before the client's own clock says anything: a denial tells.
    const other = await join(t, gateway.url('udp'));
    await client.set('/short', 1, { lock: true });
    await rest(320);
    await other.set('/short', 2, { lock: true });
    await refused(client.set('/short', 3), 'LOCK_HELD');
    await lost.first(() => lost.entries.length === 2, 'it is lost');
  });

  test('a lock that writing renews is not reported', async (t) => {
    const gateway = await Gateway.start(
      t,
      '[[address]]\nmatch = "/short"\nlock_timeout = "400ms"\n',
    );
    const client = await join(t, gateway.url('udp'));
    const lost = new Log<LostLock>();
    client.on('lost', lost.push);
    await client.set('/short', 0, { lock: true });
    for (let step = 0; step < 10; step += 1) {
      await rest(150);
      await client.set('/short', step);
    }
    assert.deepEqual(lost.entries, []);
    await lost.first(() => true, 'then it expires');
  });

  test('a lost welcome leaves no client without its name', async (t) => {
    const gateway = await Gateway.start(t);
    const relay = await Relay.start(t, gateway.udpPort);
    let dropped = 0;
    relay.drop = (way, bytes) => {
      const welcome = way === 'back' && Buffer.from(bytes).includes('/oscgate/status/connected');
      return welcome && (dropped += 1) === 1;
    };
    const client = await join(t, relay.url);
    assert.equal(dropped >= 1, true);
    await client.set('/a', 1, { lock: true });
    await client.close();
    const other = await join(t, gateway.url('udp'));
    await other.set('/a', 2);
  });

  test('malformed packets are passed over', async (t) => {
    const gateway = await Gateway.start(t);
    const relay = await Relay.start(t, gateway.udpPort, 5);
    const client = await join(t, relay.url);
    const chance = random(11);
    relay.drop = (way, bytes) => {
      if (way === 'back' && chance() < 0.5)
        bytes.fill(0xff, Math.floor(chance() * bytes.length), -2);
      return false;
    };
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => client.set(`/m/${n}`, n)),
    );
    relay.drop = () => false;
    assert.ok(results.length === 60);
    assert.equal((await client.set('/after', 1)).revision, 1);
  });
});

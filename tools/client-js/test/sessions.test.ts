// Sessions: lost, noticed, begun again, and ended.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { connect, type LostLock, type OscGateError } from '../src/node.js';
import { join, refused } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { Raw } from './support/raw.js';
import { Relay } from './support/relay.js';
import { Log, rest, within } from './support/wait.js';

const VANISHING = fileURLToPath(new URL('support/vanishing.js', import.meta.url));

for (const kind of ['udp', 'ws'] as const) {
  describe(`sessions over ${kind}`, { concurrency: true }, () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      test(`a gateway that restarts (${signal}) is found again`, async (t) => {
        const gateway = await Gateway.start(t);
        const client = await join(t, gateway.url(kind), { name: 'again', heartbeat: 200 });
        const [lost, down, up] = [
          new Log<LostLock>(),
          new Log<OscGateError>(),
          new Log<{ name: string }>(),
        ];
        client.on('lost', lost.push);
        client.on('disconnected', down.push);
        client.on('connected', up.push);
        const seen = new Log<unknown>();
        client.on('/follow', seen.push);
        await client.set('/held', 1, { lock: true });
        await gateway.stop(signal);
        const error = await down.first(() => true, 'the loss is told', 10_000);
        assert.equal(
          error.code === 'DISCONNECTED' || error.code === 'NO_ANSWER',
          true,
          error.message,
        );
        assert.deepEqual(await lost.first(() => true, 'the lock is told'), {
          address: '/held',
          cause: 'disconnected',
        });
        assert.equal(client.state, 'connecting');
        await gateway.restart();
        await up.first(({ name }) => name === 'again', 'it is back', 15_000);
        assert.equal(client.state, 'connected');
        const other = await join(t, gateway.url(kind));
        assert.equal(
          (await other.get('/held', { meta: true })).locked,
          false,
          'nothing is retaken',
        );
        await other.set('/follow', 7);
        await seen.first((value) => value === 7, 'the subscription stands');
        assert.equal(down.entries.length, 1);
      });
    }

    test('what was sent is rejected when the session is lost, what was not waits', async (t) => {
      const gateway = await Gateway.start(t);
      const client = await join(t, gateway.url(kind), { heartbeat: 200, timeout: 8000 });
      gateway.signal('SIGSTOP');
      const sent = client.set('/a', 1);
      const waiting = client.set('/a', 2);
      await gateway.stop('SIGKILL');
      await refused(sent, 'DISCONNECTED');
      await gateway.restart();
      await waiting;
      assert.equal(await client.get('/a'), 2);
    });

    test('a session that was lost is noticed by the first call in the next', async (t) => {
      const show = '[access]\nidentity = "endpoint"\n';
      const gateway = await Gateway.start(t, show);
      const client = await join(t, gateway.url(kind), { name: 'desk', heartbeat: 30_000 });
      const [lost, down, up] = [new Log<LostLock>(), new Log<unknown>(), new Log<unknown>()];
      client.on('lost', lost.push);
      client.on('disconnected', down.push);
      client.on('connected', up.push);
      const seen = new Log<unknown>();
      client.on('/told', seen.push);
      await client.set('/held', 1, { lock: true });
      // Its name is given to another: the session ends, and nobody says so.
      await gateway.reload('[[client]]\nname = "desk"\nsource = "10.0.0.9"\n');
      const raw = await Raw.open(t, gateway, '127.0.0.2');
      for (let number = 1; ; number += 1) {
        await raw.call(number, '/oscgate/meta', { type: 's', value: '/held' });
        if (raw.heard.entries.at(-1)?.args[3]?.type === 'F') break;
      }
      await client.set('/other', 1).catch(() => undefined);
      await down.first(() => true, 'the loss is told');
      assert.deepEqual(await lost.first(() => true, 'the lock is lost'), {
        address: '/held',
        cause: 'disconnected',
      });
      // Its name is another's now, so it stays outside, and says so to whoever asks.
      assert.equal(up.entries.length, 0);
    });

    test('what waits to be done under a lost lock does not take it again', async (t) => {
      const gateway = await Gateway.start(t);
      const client = await join(t, gateway.url(kind), { heartbeat: 200, timeout: 8000 });
      const lost = new Log<{ address: string; cause: string }>();
      client.on('lost', lost.push);
      await client.set('/held', 1, { lock: true });
      gateway.signal('SIGSTOP');
      const sent = client.set('/held', 2, { lock: true });
      const waiting = client.set('/held', 3, { lock: true });
      const behind = client.set('/held');
      const first = client.set('/new', 1, { lock: true });
      const second = client.set('/new', 2, { lock: true });
      await gateway.stop('SIGKILL');
      for (const promise of [sent, waiting, behind, first, second]) {
        await refused(promise, 'DISCONNECTED');
      }
      assert.equal((await lost.first(() => true, 'the loss is told')).cause, 'disconnected');
      await gateway.restart();
      const { locked, revision } = await client.get('/held', { meta: true });
      assert.deepEqual({ locked, revision }, { locked: false, revision: 0 });
      assert.equal((await client.get('/new', { meta: true })).locked, false);
    });

    test('without a gateway every request is rejected in time', async (t) => {
      const gateway = await Gateway.start(t);
      const client = await join(t, gateway.url(kind), { heartbeat: 200, timeout: 600 });
      const down = new Log<unknown>();
      client.on('disconnected', down.push);
      await gateway.stop();
      await down.first(() => true, 'the loss is told', 10_000);
      const began = performance.now();
      for (const promise of [
        client.set('/a', 1),
        client.set('/a', 2),
        client.get('/a'),
        client.lock('/b'),
        client.sync('/a'),
        client.bundle([{ address: '/c', value: 1 }]),
        client.set('/go'),
      ]) {
        await refused(promise, 'NO_ANSWER');
      }
      assert.ok(performance.now() - began < 2000);
      await within(2000, client.close(), 'it closes');
    });

    test('without reconnecting a lost session is the last', async (t) => {
      const gateway = await Gateway.start(t);
      const client = await join(t, gateway.url(kind), { heartbeat: 200, reconnect: false });
      const down = new Log<unknown>();
      client.on('disconnected', down.push);
      await gateway.stop();
      await down.first(() => true, 'the loss is told', 10_000);
      assert.equal(client.state, 'closed');
      await refused(client.set('/a', 1), 'CLOSED');
    });

    test('closing releases at once, also while the gateway is away', async (t) => {
      const gateway = await Gateway.start(t);
      const client = await connect({ url: gateway.url(kind), heartbeat: 200 });
      const other = await join(t, gateway.url(kind));
      await client.set('/a', 1, { lock: true });
      await client.close();
      await other.set('/a', 2, { lock: true });
      const third = await connect({ url: gateway.url(kind), heartbeat: 200 });
      gateway.signal('SIGSTOP');
      void third.set('/b', 1);
      await within(3000, third.close(), 'it closes');
      gateway.signal('SIGCONT');
    });

    test('a process that is killed holds nothing', async (t) => {
      const gateway = await Gateway.start(t);
      const other = await join(t, gateway.url(kind));
      const free = new Log<{ address: string; cause: string }>();
      other.onStatus('unlocked', free.push);
      const child = spawn(process.execPath, [VANISHING, gateway.url(kind), '/killed'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      t.after(() => child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      await refused(other.set('/killed', 2), 'LOCK_HELD');
      child.kill('SIGKILL');
      // Over UDP the gateway waits for the heartbeat that does not come.
      const { cause } = await free.first(
        ({ address }) => address === '/killed',
        'it is free',
        15_000,
      );
      assert.equal(cause, 'disconnected');
      await other.set('/killed', 2);
    });

    test('a gateway that stands still for a while is not taken for lost', async (t) => {
      const gateway = await Gateway.start(t);
      const client = await join(t, gateway.url(kind), { timeout: 6000 });
      const down = new Log<unknown>();
      client.on('disconnected', down.push);
      await client.set('/a', 1, { lock: true });
      gateway.signal('SIGSTOP');
      const write = client.set('/a', 2);
      await rest(2000);
      gateway.signal('SIGCONT');
      assert.equal((await write).revision, 2);
      assert.deepEqual(down.entries, []);
    });
  });
}

describe('sessions over a network that breaks', { concurrency: true }, () => {
  test('silence is noticed on both sides, and the name comes back', async (t) => {
    const gateway = await Gateway.start(t, '[sessions]\nsilence_timeout = "2s"\n');
    const relay = await Relay.start(t, gateway.udpPort);
    const client = await join(t, relay.url, { name: 'cut', heartbeat: 200 });
    const other = await join(t, gateway.url('udp'), { heartbeat: 200 });
    const [lost, up, errors] = [new Log<LostLock>(), new Log<{ name: string }>(), new Log<Error>()];
    client.on('lost', lost.push);
    client.on('connected', up.push);
    client.on('error', errors.push);
    const free = new Log<{ address: string }>();
    other.onStatus('unlocked', free.push);
    await client.set('/cut', 1, { lock: true });
    relay.cut = true;
    await free.first(({ address }) => address === '/cut', 'the gateway frees it', 5000);
    await lost.first(({ cause }) => cause === 'disconnected', 'the client reports it', 10_000);
    relay.cut = false;
    await up.first(({ name }) => name === 'cut', 'it is back', 15_000);
    await client.set('/cut', 2, { lock: true });
    assert.deepEqual(errors.entries, []);
  });

  test('a name that its own dead session still has is tried for until it is free', async (t) => {
    const gateway = await Gateway.start(t);
    const relay = await Relay.start(t, gateway.udpPort);
    // What the client says last is lost as well, so the gateway still believes in its session.
    const client = await join(t, relay.url, { name: 'mine', heartbeat: 200 });
    const up = new Log<{ name: string }>();
    client.on('connected', up.push);
    const down = new Log<unknown>();
    client.on('disconnected', down.push);
    relay.cut = true;
    await down.first(() => true, 'it is lost', 10_000);
    relay.cut = false;
    await up.first(({ name }) => name === 'mine', 'it is back', 15_000);
  });

  test('a session that the gateway has ended is noticed', async (t) => {
    for (const heard of [true, false]) {
      const gateway = await Gateway.start(t, '[sessions]\nsilence_timeout = "400ms"\n');
      const relay = await Relay.start(t, gateway.udpPort);
      const client = await join(t, relay.url, { heartbeat: 150, name: 'sleeper' });
      const other = await join(t, gateway.url('udp'), { heartbeat: 100 });
      const gone = new Log<{ name: string }>();
      other.onStatus('disconnected', gone.push);
      await other.sync('/none');
      const lost = new Log<LostLock>();
      client.on('lost', lost.push);
      const seen = new Log<unknown>();
      client.on('/seen', seen.push);
      await client.set('/x', 1, { lock: true });
      relay.drop = (way, bytes) => {
        return (
          way === 'there' || (!heard && Buffer.from(bytes).includes('/oscgate/status/connected'))
        );
      };
      await gone.first(({ name }) => name === 'sleeper', 'the gateway ends it');
      relay.drop = (way, bytes) => {
        return !heard && way === 'back' && Buffer.from(bytes).includes('/oscgate/status/connected');
      };
      await lost.first(({ cause }) => cause === 'disconnected', 'the client notices', 10_000);
      relay.drop = () => false;
      await client.set('/x', 2, { lock: true });
      await other.set('/seen', 1);
      await seen.first((value) => value === 1, 'its subscription stands', 10_000);
    }
  });

  test('a late copy of the welcome is not taken for a lost session', async (t) => {
    const gateway = await Gateway.start(t);
    const relay = await Relay.start(t, gateway.udpPort);
    const client = await join(t, relay.url, { name: 'calm' });
    const down = new Log<unknown>();
    client.on('disconnected', down.push);
    const raw = await Raw.open(t, gateway, '127.0.0.1');
    raw.send('/oscgate/sync', { type: 's', value: '/oscgate/status/connected' });
    const welcome = await raw.heard.first(
      (message) => message.args[0]?.value === 'calm',
      'its endpoint',
    );
    relay.inject(welcome);
    relay.inject({ ...welcome, args: welcome.args.slice(1).concat(welcome.args.slice(1)) });
    await rest(300);
    await client.set('/a', 1);
    assert.equal(client.name, 'calm');
    assert.deepEqual(down.entries, []);
  });

  test('a client that a reload renames knows its new name, and keeps its locks', async (t) => {
    const gateway = await Gateway.start(t, '[access]\nidentity = "endpoint"\n');
    const client = await join(t, gateway.url('udp'));
    const down = new Log<unknown>();
    client.on('disconnected', down.push);
    client.on('lost', down.push);
    await client.set('/a', 1, { lock: true });
    await gateway.reload('[[client]]\nname = "renamed"\nsource = "127.0.0.1"\n');
    const raw = await Raw.open(t, gateway, '127.0.0.2');
    for (let number = 1; ; number += 1) {
      assert.equal(await raw.call(number, '/oscgate/meta', { type: 's', value: '/a' }), 'OK');
      if (raw.heard.entries.at(-1)?.args[4]?.value === 'renamed') break;
    }
    await client.set('/a', 2);
    assert.equal((await client.get('/a', { meta: true })).holder, 'renamed');
    await client.unlock('/a');
    assert.deepEqual(down.entries, []);
  });
});

test('two windows of a machine that the show file names are one client', async (t) => {
  const gateway = await Gateway.start(t, '[[client]]\nname = "foh"\nsource = "127.0.0.1"\n');
  const [one, two] = [await join(t, gateway.url('ws')), await join(t, gateway.url('ws'))];
  assert.deepEqual([one.name, two.name], ['foh', 'foh']);
  const down = new Log<unknown>();
  two.on('disconnected', down.push);
  two.on('lost', down.push);
  await one.set('/one', 1, { lock: true });
  await two.set('/two', 1, { lock: true });
  // Both count their calls by the clock: none is taken for one of the other.
  const writes = Array.from({ length: 200 }, (_, n) => [
    one.set(`/one/${n}`, n),
    two.set(`/two/${n}`, n),
  ]);
  const results = await Promise.all(writes.flat());
  assert.ok(results.every(({ revision }) => revision === 1));
  assert.equal((await two.set('/one', 2)).revision, 2);
  // What one lets go of for both, the other learns if it follows what happens to locks.
  one.onStatus('unlocked', () => undefined);
  await one.get('/both', { meta: true });
  const gone = new Log<LostLock>();
  one.on('lost', gone.push);
  await one.set('/both', 1, { lock: true });
  await two.unlock('/both');
  assert.deepEqual(await gone.first(() => true, 'the release is told'), {
    address: '/both',
    cause: 'released',
  });
  await one.close();
  assert.equal((await two.get('/one', { meta: true })).locked, false);
  assert.equal((await two.get('/two', { meta: true })).holder, 'foh');
  assert.deepEqual(down.entries, []);
});

// Alone, since it stops all that runs in this process.
for (const kind of ['udp', 'ws'] as const) {
  test(`a program that was busy itself does not blame the gateway, over ${kind}`, async (t) => {
    const gateway = await Gateway.start(t);
    const client = await join(t, gateway.url(kind), { timeout: 600, heartbeat: 100 });
    const down = new Log<unknown>();
    client.on('disconnected', down.push);
    const answers = [client.set('/busy', 1), client.set('/busy', 2), client.get('/busy')];
    const until = performance.now() + 2500;
    while (performance.now() < until);
    await Promise.all(answers);
    await client.set('/busy', 3);
    assert.deepEqual(down.entries, []);
  });
}

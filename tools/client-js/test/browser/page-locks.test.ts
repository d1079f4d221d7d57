// Two hands on one fader of the try-it page: who holds it is shown, and the other hand is refused.

import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';

import { encodeMessage } from '../../src/osc/index.js';
import { join, refused } from '../support/clients.js';
import type { Gateway } from '../support/gateway.js';
import { Log, rest } from '../support/wait.js';
import { capOf, drag, hears, press, says, shoot, stages, stands, strip } from './page-stage.js';

const stage = stages();

test('the second window is shown who holds the fader, and its own snaps back', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.25);
  const [anna, ben] = [await window('Anna'), await window('Ben')];
  await stands(ben, 1, 25);

  await press(anna, 1);
  await strip(anna, 1, 'mine').waitFor();
  assert.equal(await desk.get('/mixer/fader/1'), 0.25, 'a press moves nothing');
  await drag(anna, 1, 0.5);
  await stands(anna, 1, 75);
  await stands(ben, 1, 75);
  await strip(ben, 1, 'other').waitFor();
  await says(ben, 1, '.hold', 'Anna');
  await says(ben, 1, '.hold', /\d+\s*s/);

  await press(ben, 1);
  await drag(ben, 1, -0.4);
  await says(ben, 1, '.note', /Denied\s*Anna holds it/);
  await hears(ben, 'Channel 1: Denied: Anna holds it.');
  await stands(ben, 1, 75);
  await shoot(anna, 'held-by-me');
  await shoot(ben, 'denied');
  const { holder } = await desk.get('/mixer/fader/1', { meta: true });
  assert.equal(holder, 'Anna');

  await anna.mouse.up();
  await strip(ben, 1, 'free').waitFor();
  // The refused hand is still down, and dead until it is lifted.
  await says(ben, 1, '.note', /Free/);
  await shoot(ben, 'free-under-a-dead-hand');
  await drag(ben, 1, 0.2);
  await ben.mouse.up();
  assert.equal(Math.round(100 * Number(await desk.get('/mixer/fader/1'))), 75);

  await press(ben, 1);
  await drag(ben, 1, -0.5);
  await ben.mouse.up();
  await stands(anna, 1, 25);
  await strip(anna, 1, 'free').waitFor();
});

test('closing a window frees what it holds', async (t) => {
  const { window } = await stage(t);
  const [anna, ben] = [await window('Anna'), await window('Ben')];
  await press(anna, 2);
  await drag(anna, 2, 0.6);
  await strip(ben, 2, 'other').waitFor();
  await anna.close();
  await strip(ben, 2, 'free').waitFor();
  await stands(ben, 2, 60);
  await press(ben, 2);
  await strip(ben, 2, 'mine').waitFor();
  await ben.mouse.up();
});

test('a hand that looks away lets go', async (t) => {
  const { window } = await stage(t);
  const anna = await window('Anna');
  for (const kind of ['blur', 'pagehide']) {
    await press(anna, 1);
    await drag(anna, 1, 0.1);
    await strip(anna, 1, 'mine').waitFor();
    await anna.evaluate((name) => globalThis.dispatchEvent(new Event(name)), kind);
    await strip(anna, 1, 'free').waitFor();
    await anna.mouse.up();
  }
});

test('a finger that rests keeps its lock', async (t) => {
  const { gateway, window } = await stage(t, '[locks]\ntimeout = "1s"\n');
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.5);
  const anna = await window('Anna');
  const ended = new Log<string>();
  desk.onStatus('unlocked', ({ cause }) => ended.push(cause));
  await press(anna, 1);
  await strip(anna, 1, 'mine').waitFor();
  await rest(2500);
  assert.deepEqual(ended.entries, []);
  await refused(desk.set('/mixer/fader/1', 0), 'LOCK_HELD');
  await anna.mouse.up();
  assert.equal(await ended.first(() => true, 'the lock ends'), 'released');
});

test('what is held without a hand runs out, and says so', async (t) => {
  const { window } = await stage(t, '[locks]\ntimeout = "3s"\n');
  const [anna, ben] = [await window('Anna'), await window('Ben')];
  await strip(anna, 1).locator('.hold').click();
  await strip(anna, 1, 'mine').locator('.hold[aria-pressed=true]').waitFor();
  await says(ben, 1, '.hold', /3\s*s/);
  await says(ben, 1, '.hold', /1\s*s/);
  await says(anna, 1, '.note', /Lock lost\s*it ran out/);
  await hears(anna, 'Channel 1: Lock lost: it ran out.');
  await strip(anna, 1, 'free').waitFor();
  await strip(ben, 1, 'free').waitFor();
  await shoot(anna, 'ran-out');
});

test('what is held without a hand is given back by the same button', async (t) => {
  const { window } = await stage(t);
  const [anna, ben] = [await window('Anna'), await window('Ben')];
  const hold = strip(anna, 3).locator('.hold');
  await hold.click();
  await strip(ben, 3, 'other').waitFor();
  // A move in between keeps it.
  await press(anna, 3);
  await drag(anna, 3, 0.3);
  await anna.mouse.up();
  await stands(ben, 3, 30);
  await strip(ben, 3).locator('.hold').click();
  await says(ben, 3, '.note', 'Anna holds it');
  await hold.click();
  await strip(ben, 3, 'free').waitFor();
});

test('what an operator frees, or another takes, dies under the hand', async (t) => {
  const boss = await sender(t);
  const { port } = boss.address();
  const show = `[[client]]\nname = "Boss"\nsource = "127.0.0.1:${port}"\npriority = 1\n`;
  const { gateway, window } = await stage(t, show);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.5);
  const anna = await window('Anna');
  await stands(anna, 1, 50);

  await press(anna, 1);
  await drag(anna, 1, 0.2);
  await strip(anna, 1, 'mine').waitFor();
  send(boss, gateway, '/oscgate/release', '/mixer/fader/1');
  await says(anna, 1, '.note', 'an operator freed it');
  await shoot(anna, 'forced');
  await drag(anna, 1, -0.2);
  await strip(anna, 1, 'free').waitFor();
  await anna.mouse.up();
  await stands(anna, 1, 70);

  await press(anna, 1);
  await strip(anna, 1, 'mine').waitFor();
  send(boss, gateway, '/oscgate/take', '/mixer/fader/1');
  await says(anna, 1, '.note', 'Boss took it');
  await strip(anna, 1, 'other').waitFor();
  await hears(anna, 'Channel 1: Lock lost: Boss took it.');
  await shoot(anna, 'taken');
  await anna.mouse.up();
  assert.equal((await desk.get('/mixer/fader/1', { meta: true })).holder, 'Boss');
});

test('a mute that another holds says so, and stays', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk', types: { '/mixer/mute/*': 'i' } });
  await desk.set('/mixer/mute/4', 1, { lock: true });
  const seen = new Log<string>();
  desk.on('/mixer/mute/*', (_value, _address, args) =>
    seen.push(args.map(({ type }) => type).join('')),
  );
  const anna = await window('Anna');
  const mute = strip(anna, 4).locator('.mute');
  await says(anna, 4, '.mute[aria-pressed=true][data-held=other]', 'Desk');
  await mute.click();
  await says(anna, 4, '.note', /Mute denied\s*Desk holds it/);
  await hears(anna, 'Channel 4: Mute denied: Desk holds it.');
  await shoot(anna, 'mute-denied');
  await desk.unlock('/mixer/mute/4');
  await strip(anna, 4).locator('.mute[data-held=free]').waitFor();
  await mute.click();
  await strip(anna, 4).locator('.mute[aria-pressed=false]').waitFor();
  assert.equal(await seen.first(() => true, 'the mute is told'), 'i', 'a mute is an int');
  assert.equal(await desk.get('/mixer/mute/4'), 0);
});

test('a mute that may only be written under a lock is locked for the moment of the press', async (t) => {
  const { gateway, window } = await stage(
    t,
    '[[address]]\nmatch = "/mixer/mute/*"\nlock = "required"\n',
  );
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  const anna = await window('Anna');
  await strip(anna, 1).locator('.mute').click();
  await strip(anna, 1).locator('.mute[aria-pressed=true][data-held=free]').waitFor();
  assert.equal((await desk.get('/mixer/mute/1', { meta: true })).locked, false);
});

test('a press beside the cap makes nothing jump', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.5);
  const anna = await window('Anna');
  await stands(anna, 1, 50);
  const { x, y, travel } = await capOf(anna, 1);
  await anna.mouse.move(x, y - 0.4 * travel);
  await anna.mouse.down();
  await strip(anna, 1, 'mine').waitFor();
  await stands(anna, 1, 50);
  await anna.mouse.move(x, y - 0.3 * travel, { steps: 4 });
  await stands(anna, 1, 40);
  await anna.mouse.up();
  await strip(anna, 1, 'free').waitFor();
});

/** What sends single datagrams from one port. */
async function sender(t: TestContext): Promise<Socket> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function send(socket: Socket, gateway: Gateway, address: string, subject: string): void {
  const packet = encodeMessage({ address, args: [{ type: 's', value: subject }] });
  socket.send(packet, gateway.udpPort, '127.0.0.1');
}

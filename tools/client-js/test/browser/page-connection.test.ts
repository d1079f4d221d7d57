// The connection of the try-it page: who one is, and what happens when the gateway goes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { join, refused } from '../support/clients.js';
import { Gateway } from '../support/gateway.js';
import {
  drag,
  hears,
  LOCAL,
  PHONE,
  press,
  PUBLIC,
  says,
  shoot,
  stages,
  stands,
  strip,
} from './page-stage.js';

const stage = stages();

test('a gateway that is killed and comes back is shown, and the page recovers', async (t) => {
  const { gateway, window } = await stage(t);
  const anna = await window('Anna');
  await press(anna, 1);
  await drag(anna, 1, 0.4);
  await stands(anna, 1, 40);

  await gateway.stop('SIGKILL');
  await anna.locator('[data-state=lost]', { hasText: 'No connection' }).waitFor();
  await says(anna, 1, '.note', 'no connection');
  await anna.locator('.fader[aria-disabled=true]').first().waitFor();
  await shoot(anna, 'gateway-gone');
  // A hand that goes on moving does nothing, now or later.
  await drag(anna, 1, 0.3);
  await gateway.restart();
  await anna.locator('[data-state=connected]').waitFor();
  await anna.locator('#own-name', { hasText: 'Anna' }).waitFor();
  // The new gateway knows of no value, and neither does the page.
  await says(anna, 1, '.value', 'no value');
  await anna.mouse.up();
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await refused(desk.get('/mixer/fader/1'), 'NOT_FOUND');
  await shoot(anna, 'gateway-back');

  await press(anna, 1);
  await drag(anna, 1, 0.5);
  await anna.mouse.up();
  await strip(anna, 1, 'free').waitFor();
  assert.equal(Math.round(100 * Number(await desk.get('/mixer/fader/1'))), 50);
});

test('values and locks from before it was opened are there', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk', types: { '/mixer/mute/*': 'i' } });
  await desk.set('/mixer/name/2', 'Vocals');
  await desk.set('/mixer/fader/2', 0.75, { lock: true });
  await desk.set('/mixer/mute/5', 1);
  const anna = await window('Anna');
  await stands(anna, 2, 75);
  await says(anna, 2, 'h2', 'Vocals');
  await says(anna, 2, '.hold', 'Desk');
  await strip(anna, 5).locator('.mute[aria-pressed=true]').waitFor();
  await says(anna, 1, '.value', 'no value');
  await shoot(anna, 'values');
});

test('a renewal that writes nothing is found out', async (t) => {
  const { gateway, window } = await stage(t, '[locks]\ntimeout = "12s"\n');
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.lock('/mixer/fader/1');
  const anna = await window('Anna');
  await says(anna, 1, '.hold', /\b[1-8]\s*s/);
  await desk.lock('/mixer/fader/1');
  await says(anna, 1, '.hold', /\b(9|1[0-2])\s*s/);
});

test('two windows of one browser are two people', async (t) => {
  const { profile, open } = await stage(t);
  const context = await profile();
  const [first, second] = [await open(context), await open(context)];
  const name = await first.locator('#own-name').textContent();
  assert.match(name ?? '', /^\w+ \w+$/);
  assert.equal(await second.locator('#own-name').textContent(), `${name} 2`);
  await press(first, 1);
  await drag(first, 1, 0.3);
  await says(second, 1, '.hold', name ?? '');
  await first.close();
  await strip(second, 1, 'free').waitFor();
});

test('a typed name is taken and kept; one that is taken is refused, and nothing changes', async (t) => {
  const { gateway, profile, open } = await stage(t);
  const context = await profile(PHONE);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  const anna = await open(context);
  const made = await anna.locator('#own-name').textContent();
  await strip(anna, 1).locator('.hold').click();
  await strip(anna, 1, 'mine').waitFor();
  await anna.locator('#rename').click();
  const input = anna.locator('#name-input');
  await input.fill('Desk');
  await input.press('Enter');
  await anna.locator('#name-fault', { hasText: '“Desk” is taken' }).waitFor();
  await shoot(anna, 'name-taken');
  assert.equal((await desk.get('/mixer/fader/1', { meta: true })).holder, made);
  await input.fill('a/b');
  await input.press('Enter');
  await anna.locator('#name-fault', { hasText: 'That is no name here' }).waitFor();
  await input.fill('Anna');
  await input.press('Enter');
  await anna.locator('#name-dialog').waitFor({ state: 'hidden' });
  await anna.locator('#own-name', { hasText: 'Anna' }).waitFor();
  await strip(anna, 1, 'free').waitFor();
  await strip(anna, 1).locator('.note').waitFor({ state: 'hidden' });
  await anna.reload();
  await anna.locator('[data-state=connected]').waitFor();
  await anna.locator('#own-name', { hasText: /^Anna$/ }).waitFor();
});

test('who has a name in the show file keeps it, and is told', async (t) => {
  const { window } = await stage(t, '[[client]]\nname = "Tablet"\nsource = "127.0.0.1"\n');
  const anna = await window('Anna');
  await anna.locator('#own-name', { hasText: 'Tablet' }).waitFor();
  await anna.locator('#rename').click();
  await anna.locator('#name-input').fill('Anna');
  await anna.locator('#name-take').click();
  await anna.locator('#name-fault', { hasText: 'calls you “Tablet”' }).waitFor();
  await anna.locator('#name-cancel').click();
  await strip(anna, 1).locator('.hold').click();
  await strip(anna, 1, 'mine').waitFor();
});

test('an address that is none is refused, and the page says why', async (t) => {
  const { window } = await stage(t);
  const anna = await window('Anna');
  await anna.goto(`${anna.url()}?gateway=ws://`);
  await anna.locator('[data-state=refused]', { hasText: 'is no gateway' }).waitFor();
});

test('the page speaks to another gateway where it is asked to', async (t) => {
  const { window } = await stage(t);
  const other = await Gateway.start(t);
  const anna = await window('Anna');
  await anna.goto(`${anna.url()}?gateway=${other.url('ws')}`);
  await anna.locator('[data-state=connected]', { hasText: other.http }).waitFor();
  const desk = await join(t, other.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/8', 0.5);
  await stands(anna, 8, 50);
});

test('a gateway that was never there is said to be away', async (t) => {
  const { window } = await stage(t);
  const other = await Gateway.start(t);
  await other.stop();
  const anna = await window('Anna');
  await anna.goto(`${anna.url()}?gateway=${other.url('ws')}`);
  await anna.locator('[data-state=lost]').waitFor();
  await strip(anna, 1).locator('.mute').click({ force: true });
  await says(anna, 1, '.note', 'Not connected');
  await hears(anna, 'Channel 1: Not connected.');
  await other.restart();
  await anna.locator('[data-state=connected]').waitFor();
});

test('a gateway that does not let this page in is not said to be away', async (t) => {
  const { gateway, profile } = await stage(t);
  const page = await (await profile()).newPage();
  // By a public name the page is shown, but may not connect unless the show file lists it.
  await page.goto(`http://${gateway.http.replace('127.0.0.1', PUBLIC)}/`);
  await page
    .locator('[data-state=refused]', { hasText: 'does not let this page connect' })
    .waitFor();
  await shoot(page, 'refused');
});

test('where others can open it is said, if it can be known', async (t) => {
  const { gateway, profile, window } = await stage(t);
  const page = await (await profile(PHONE)).newPage();
  const address = `http://${gateway.http.replace('127.0.0.1', LOCAL)}`;
  await page.goto(`${address}/`);
  await page.locator('[data-state=connected]').waitFor();
  await page.locator('#hint-address', { hasText: address }).waitFor();
  await shoot(page, 'phone-no-value');
  const anna = await window('Anna');
  assert.equal(await anna.locator('#hint-address').textContent(), '');
});

// The try-it page by keyboard, and as a screen reader finds it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import type axe from 'axe-core';
import type { Page } from 'playwright-core';

import { join } from '../support/clients.js';
import { hears, PHONE, press, says, shoot, stages, stands, strip } from './page-stage.js';

const stage = stages();

test('keys move a fader, and let go of it a moment after the last', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.5);
  const anna = await window('Anna');
  await stands(anna, 1, 50);
  const fader = anna.getByRole('slider', { name: 'Channel 1 level' });
  await fader.focus();
  const keys: [string, number][] = [
    ['ArrowUp', 51],
    ['ArrowRight', 52],
    ['ArrowDown', 51],
    ['ArrowLeft', 50],
    ['PageUp', 60],
    ['PageDown', 50],
    ['End', 100],
    ['Home', 0],
    ['PageUp', 10],
  ];
  for (const [key, percent] of keys) {
    await anna.keyboard.press(key);
    await stands(anna, 1, percent);
  }
  await strip(anna, 1, 'mine').waitFor();
  await strip(anna, 1).locator('.fader[aria-valuetext="10 percent, held by you"]').waitFor();
  await shoot(anna, 'keyboard');
  await strip(anna, 1, 'free').waitFor();
  await strip(anna, 1).locator('.fader[aria-valuetext="10 percent"]').waitFor();
  assert.ok(Math.abs(Number(await desk.get('/mixer/fader/1')) - 0.1) < 1e-6);

  // Whoever goes on to the next control lets go at once.
  await anna.keyboard.press('ArrowUp');
  await strip(anna, 1, 'mine').waitFor();
  await anna.keyboard.press('Tab');
  await strip(anna, 1, 'free').waitFor();
  await anna.locator('#channel-1 .mute:focus').waitFor();
  await anna.keyboard.press('Space');
  await anna.locator('#channel-1 .mute[aria-pressed=true]').waitFor();
});

test('keys on a held fader are denied, and who holds it is said once', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.5, { lock: true });
  const anna = await window('Anna');
  await strip(anna, 1).locator('.fader[aria-valuetext="50 percent, held by Desk"]').waitFor();
  await anna.evaluate(() => {
    const heard: string[] = [];
    const announcer = document.getElementById('announcer');
    if (announcer === null) return;
    new MutationObserver(() => heard.push(announcer.textContent)).observe(announcer, {
      childList: true,
    });
    Object.assign(globalThis, { heard });
  });
  await anna.getByRole('slider', { name: 'Channel 1 level' }).focus();
  for (let time = 0; time < 5; time += 1) await anna.keyboard.press('ArrowUp');
  await says(anna, 1, '.note', 'Desk holds it');
  await hears(anna, 'Channel 1: Denied: Desk holds it.');
  await stands(anna, 1, 50);
  const heard = await anna.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
  assert.equal(heard.length, 1, heard.join(' / '));
  assert.equal(await desk.get('/mixer/fader/1'), 0.5);
});

test('nothing that axe knows is wrong with it', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk', types: { '/mixer/mute/*': 'i' } });
  await desk.set('/mixer/fader/1', 0.5, { lock: true });
  await desk.set('/mixer/mute/1', 1, { lock: true });
  await desk.set('/mixer/mute/2', 1);
  for (const options of [undefined, PHONE]) {
    const page = await window('Anna', options);
    await strip(page, 1, 'other').waitFor();
    await strip(page, 3).locator('.hold').click();
    await strip(page, 3, 'mine').waitFor();
    await press(page, 1);
    await says(page, 1, '.note', 'Desk holds it');
    assert.deepEqual(await faults(page), []);
    await page.mouse.up();
    await page.locator('#rename').click();
    await page.locator('#name-dialog[open]').waitFor();
    assert.deepEqual(await faults(page), []);
    await page.close();
  }
  const page = await window('Anna');
  await gateway.stop('SIGKILL');
  await page.locator('[data-state=lost]').waitFor();
  // What is dimmed because nothing can be done with it is told to be so.
  assert.deepEqual(await faults(page), []);
});

/** What axe finds, in words. */
async function faults(page: Page): Promise<string[]> {
  const source = await readFile(
    createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
    'utf8',
  );
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => {
    return (globalThis as unknown as { axe: typeof axe }).axe.run();
  });
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}

// The try-it page on a phone: fingers on faders, and a page that is wider than the glass.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { join } from '../support/clients.js';
import { capOf, Fingers, hears, PHONE, says, shoot, stages, stands, strip } from './page-stage.js';

const stage = stages();

test('two fingers move two faders at once', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Desk' });
  await desk.set('/mixer/fader/1', 0.2);
  await desk.set('/mixer/fader/2', 0.8);
  const phone = await window('Phone', PHONE);
  const [one, two] = [await capOf(phone, 1), await capOf(phone, 2)];
  const fingers = await Fingers.on(phone);
  await fingers.put(1, one.x, one.y);
  await fingers.put(2, two.x, two.y);
  await fingers.move([
    { id: 1, dy: -0.3 * one.travel },
    { id: 2, dy: 0.5 * two.travel },
  ]);
  await stands(phone, 1, 50);
  await stands(phone, 2, 30);
  for (const address of ['/mixer/fader/1', '/mixer/fader/2']) {
    assert.equal((await desk.get(address, { meta: true })).holder, 'Phone');
  }
  await shoot(phone, 'phone-two-fingers');
  await fingers.lift(1);
  await strip(phone, 1, 'free').waitFor();
  await strip(phone, 2, 'mine').waitFor();
  await fingers.move([{ id: 2, dy: -0.1 * two.travel }]);
  await stands(phone, 2, 40);
  await fingers.lift(2);
  await strip(phone, 2, 'free').waitFor();
});

test('a finger on a held fader is told so; one beside it is not disturbed', async (t) => {
  const { gateway, window } = await stage(t);
  const desk = await join(t, gateway.url('ws'), { name: 'Front of House' });
  await desk.set('/mixer/fader/3', 0.75, { lock: true });
  await desk.set('/mixer/fader/4', 0.5);
  const phone = await window('Phone', PHONE);
  await says(phone, 3, '.hold', 'Front of House');
  const [three, four] = [await capOf(phone, 3), await capOf(phone, 4)];
  const fingers = await Fingers.on(phone);
  await fingers.put(1, four.x, four.y);
  await fingers.put(2, three.x, three.y);
  await fingers.move([
    { id: 1, dy: 0.1 * four.travel },
    { id: 2, dy: 0.4 * three.travel },
  ]);
  await says(phone, 3, '.note', /Denied\s*Front of House holds it/);
  await hears(phone, 'Channel 3: Denied');
  await stands(phone, 3, 75);
  await stands(phone, 4, 40);
  await shoot(phone, 'phone-denied');
  await fingers.lift(2);
  await fingers.lift(1);
});

test('the channels move sideways under a finger beside the faders, and to a bank by its button', async (t) => {
  const { window } = await stage(t);
  const phone = await window('Phone', PHONE);
  const left = () => phone.locator('#strips').evaluate((strips) => strips.scrollLeft);
  const scrolled = (wanted: 'begin' | 'end') =>
    phone.waitForFunction((where) => {
      const strips = document.getElementById('strips');
      if (strips === null) return false;
      const end = strips.scrollLeft + strips.clientWidth > strips.scrollWidth - 8;
      return where === 'end' ? end : strips.scrollLeft < 8;
    }, wanted);
  // What a finger has set moving comes to rest by itself, and would take the next order with it.
  const still = () =>
    phone.evaluate(async () => {
      const strips = document.getElementById('strips');
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      for (let [rest, last] = [0, -1]; rest < 10; rest += 1) {
        const now = strips?.scrollLeft ?? 0;
        if (now !== last) rest = 0;
        last = now;
        await frame();
      }
    });
  const mute = await strip(phone, 3).locator('.mute').boundingBox();
  assert.ok(mute !== null);
  const fingers = await Fingers.on(phone);
  await fingers.put(1, mute.x + 40, mute.y + 20);
  await fingers.move([{ id: 1, dx: -150, dy: 0 }]);
  assert.ok((await left()) > 50, 'the finger moves the strips');
  await fingers.lift(1);
  await still();
  await phone.locator('#banks button').nth(1).tap();
  await scrolled('end');
  await still();
  await shoot(phone, 'phone-second-bank');
  await phone.locator('#banks button').nth(0).tap();
  await scrolled('begin');

  // On a fader the finger moves the fader and nothing else.
  const cap = await capOf(phone, 2);
  await fingers.put(2, cap.x, cap.y);
  await fingers.move([{ id: 2, dx: -80, dy: -0.5 * cap.travel }]);
  await stands(phone, 2, 50);
  assert.ok((await left()) < 8);
  assert.equal(await phone.evaluate(() => globalThis.scrollY), 0);
  await fingers.lift(2);
});

test('every target is large enough, upright and on its side', async (t) => {
  const { window } = await stage(t);
  const upright = await window('Upright', PHONE);
  const sideways = await window('Sideways', { ...PHONE, viewport: { width: 844, height: 390 } });
  for (const phone of [upright, sideways]) {
    const small = await phone.locator('button:visible, .fader').evaluateAll((all) => {
      return all
        .map((one) => ({ what: one.getAttribute('class'), box: one.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 44 || box.height < 44);
    });
    assert.deepEqual(small, []);
  }
  const [fader] = await sideways
    .locator('.fader')
    .evaluateAll((all) => all.map((one) => one.clientHeight));
  assert.ok(fader !== undefined && fader >= 110, `a fader of ${fader} pixels`);
  await shoot(sideways, 'phone-sideways');
});

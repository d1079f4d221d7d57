// The same in a browser: the client that the gateway serves, inside headless Chromium.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';

import type { OscGateClient, OscGateError, OscValue } from '../src/browser.js';
import { browse, serve } from './support/chromium.js';
import { join } from './support/clients.js';
import { Gateway, type Ending } from './support/gateway.js';
import { blocks } from './support/readme.js';
import { Log, rest } from './support/wait.js';
import { ROWS, SHOW } from './use-locks/suite.js';

/** What the pages of these tests have at hand. */
declare global {
  var vanish: (address: string) => Promise<void>;
}

describe('in Chromium', { concurrency: true }, () => {
  let gateway: Gateway;
  let browser: BrowserContext;
  let site: string;
  const ends: (() => unknown)[] = [];
  before(async () => {
    const ending: Ending = { after: (end) => ends.unshift(end) };
    gateway = await Gateway.start(ending, SHOW);
    browser = await browse(ending);
    site = await serve(ending);
  });
  after(async () => {
    for (const end of ends) await end();
  });

  const open = async (t: Ending): Promise<Page> => {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(site);
    return page;
  };

  /** The page of README.md, connected. */
  const faders = async (t: Ending, html: string): Promise<Page> => {
    const page = await open(t);
    const connected = page.waitForEvent('websocket');
    await page.setContent(html);
    await (
      await connected
    ).waitForEvent('framereceived', (frame) => String(frame.payload).includes('/oscgate/synced'));
    return page;
  };

  /** Where its first fader is. */
  const grip = async (page: Page) => {
    const box = await page.locator('input').first().boundingBox();
    assert.ok(box !== null);
    return { x: box.x, y: box.y + box.height / 2, width: box.width };
  };

  /** A page that locks an address and is closed. */
  const vanish = async (address: string) => {
    const page = await browser.newPage();
    await page.goto(site);
    await page.evaluate(
      async ([url, address]) => {
        const { connect } = await import('/client.js');
        await (await connect(url)).set(address, 1, { lock: true });
      },
      [gateway.url('ws'), address] as const,
    );
    await page.close();
  };

  for (const [at, { name }] of ROWS.entries()) {
    test(name, async (t) => {
      const page = await open(t);
      await page.exposeFunction('vanish', vanish);
      await page.evaluate(
        async ([url, at]) => {
          const { connect } = await import('/client.js');
          const { ROWS } = await import('/suite.js');
          const clients: OscGateClient[] = [];
          try {
            await ROWS[at]?.run({
              async connect(name) {
                const made = await connect({ url, name });
                clients.push(made);
                return made;
              },
              vanish: (address) => globalThis.vanish(address),
            });
          } finally {
            await Promise.all(clients.map((made) => made.close()));
          }
        },
        [gateway.url('ws'), at] as const,
      );
    });
  }

  test('UDP is refused with a reason', async (t) => {
    const page = await open(t);
    const told = await page.evaluate(async () => {
      const { connect } = await import('/client.js');
      const error: unknown = await connect('udp://127.0.0.1:8900').catch(
        (reason: unknown) => reason,
      );
      return (error as OscGateError).message;
    });
    assert.match(told, /a browser cannot speak UDP.*BAD_ARGUMENTS/);
  });

  test('where no gateway answers, connecting fails', async (t) => {
    const page = await open(t);
    const code = await page.evaluate(async () => {
      const { connect } = await import('/client.js');
      // The site itself is no gateway: this also is the default of a page, its own host.
      return connect().catch((error: unknown) => (error as OscGateError).code);
    });
    assert.equal(code, 'NO_ANSWER');
  });

  test('a page of the gateway connects to it without being told', async (t) => {
    const url = `http://${gateway.http}/`;
    const served = await fetch(`${url}client.js`);
    if (served.status === 404) {
      t.skip('this gateway does not serve the client yet');
      return;
    }
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(url);
    const revision = await page.evaluate(async () => {
      const { connect } = await import('/client.js');
      const made = await connect();
      const { revision } = await made.set('/from/page', 0.5, { lock: true });
      await made.close();
      return revision;
    });
    assert.equal(revision, 1);
  });

  test('the faders of README.md, under two hands', async (t) => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const [html = ''] = blocks(readme, 'html');
    const text = html.replace(/http:\/\/GATEWAY:8900/, site).replace('GATEWAY:8900', gateway.http);
    const [left, right] = await Promise.all([faders(t, text), faders(t, text)]);
    const other = await join(t, gateway.url('ws'));
    const address = '/mixer/fader/1';
    const moved = new Log<OscValue | undefined>();
    other.on(address, moved.push);
    await other.sync(address);

    const [hand, rival] = [await grip(left), await grip(right)];
    await left.mouse.move(hand.x + hand.width * 0.2, hand.y);
    await left.mouse.down();
    await left.mouse.move(hand.x + hand.width * 0.7, hand.y, { steps: 20 });
    await moved.first((value) => Number(value) > 0.65, 'the fader is moved');
    await right.mouse.move(rival.x + rival.width * 0.1, rival.y);
    await right.mouse.down();
    await right.waitForFunction(() =>
      document.querySelector('#message')?.textContent.startsWith('in use by'),
    );
    await right.mouse.move(rival.x + rival.width * 0.2, rival.y, { steps: 5 });
    await right.mouse.up();
    await left.mouse.up();
    let meta = await other.get(address, { meta: true });
    while (meta.locked) meta = await other.get(address, { meta: true });
    const value = Number(meta.value);
    assert.ok(value > 0.65 && value < 0.75, `${value}`);
    for (const page of [left, right]) {
      await page.waitForFunction((wanted) => {
        const input = document.querySelector('input');
        return Math.abs((input?.valueAsNumber ?? 0) - wanted) < 1e-6;
      }, value);
    }
    await right.mouse.down();
    await right.mouse.up();
    await moved.first((seen) => Number(seen) < 0.3, 'then the other hand has it');
  });

  test('a page that is frozen for a while has lost nothing', async (t) => {
    const page = await open(t);
    const events = await page.evaluateHandle(async (url) => {
      const { connect } = await import('/client.js');
      const made = await connect({ url, name: 'frozen' });
      const events: string[] = [];
      made.on('lost', ({ cause }) => events.push(cause));
      made.on('disconnected', ({ message }) => events.push(message));
      await made.set('/frozen', 1, { lock: true });
      return { events, made };
    }, gateway.url('ws'));
    const other = await join(t, gateway.url('ws'));
    const devtools = await browser.newCDPSession(page);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    await rest(14_000);
    const meta = await other.get('/frozen', { meta: true });
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    assert.equal(meta.holder, 'frozen', 'the gateway hears the browser, if not the page');
    const written = await events.evaluate(async ({ events, made }) => {
      const { revision } = await made.set('/frozen', 2);
      return { revision, events };
    });
    assert.deepEqual(written, { revision: 2, events: [] });
  });
});

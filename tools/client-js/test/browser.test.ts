// The same in a browser: the client that the gateway serves, inside headless Chromium.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';

import type * as client from '../src/browser.js';
import { browse, serve } from './support/chromium.js';
import { join } from './support/clients.js';
import { Gateway, type Ending } from './support/gateway.js';
import { rest } from './support/wait.js';
import { ROWS, SHOW, type Row } from './use-locks/suite.js';

/** What the pages of these tests have at hand. */
declare global {
  // eslint-disable-next-line no-var -- only var declares what globalThis has
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

  /** A page that locks an address and is closed. */
  const vanish = async (address: string) => {
    const page = await browser.newPage();
    await page.goto(site);
    await page.evaluate(async ([url, address]) => {
      const { connect } = await import('/client.js' as string) as typeof client;
      await (await connect(url)).set(address, 1, { lock: true });
    }, [gateway.url('ws'), address] as const);
    await page.close();
  };

  for (const [at, { name }] of ROWS.entries()) {
    test(name, async (t) => {
      const page = await open(t);
      await page.exposeFunction('vanish', vanish);
      await page.evaluate(async ([url, at]) => {
        const { connect } = await import('/client.js' as string) as typeof client;
        const { ROWS } = await import('/suite.js' as string) as { ROWS: Row[] };
        const clients: client.OscGateClient[] = [];
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
      }, [gateway.url('ws'), at] as const);
    });
  }

  test('UDP is refused with a reason', async (t) => {
    const page = await open(t);
    const [code, message] = await page.evaluate(async () => {
      const { connect } = await import('/client.js' as string) as typeof client;
      return connect('udp://127.0.0.1:8900').then(() => ['', ''], (error: unknown) => {
        const { code, message } = error as client.OscGateError;
        return [code, message];
      });
    });
    assert.equal(code, 'BAD_ARGUMENTS');
    assert.match(message ?? '', /browser/);
  });

  test('where no gateway answers, connecting fails', async (t) => {
    const page = await open(t);
    const code = await page.evaluate(async () => {
      const { connect } = await import('/client.js' as string) as typeof client;
      // The site itself is no gateway: this also is the default of a page, its own host.
      return connect().catch((error: unknown) => (error as client.OscGateError).code);
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
      const { connect } = await import('/client.js' as string) as typeof client;
      const made = await connect();
      const { revision } = await made.set('/from/page', 0.5, { lock: true });
      await made.close();
      return revision;
    });
    assert.equal(revision, 1);
  });

  test('a page that is frozen for a while has lost nothing', async (t) => {
    const page = await open(t);
    const events = await page.evaluateHandle(async (url) => {
      const { connect } = await import('/client.js' as string) as typeof client;
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

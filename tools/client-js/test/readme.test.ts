// The examples of README.md, run one by one against the gateway.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { connect, OscGateError } from '../src/node.js';
import { join } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { blocks } from './support/readme.js';
import { within } from './support/wait.js';

type Example = (...scope: unknown[]) => Promise<unknown>;
/** What makes an async function of text; it has no name of its own. */
const { constructor: AsyncFunction } = (async () => {
  await Promise.resolve();
}) as unknown as {
  constructor: new (...text: string[]) => Example;
};

test('every example of README.md runs', async (t) => {
  const gateway = await Gateway.start(t);
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const examples = blocks(readme, 'js');
  assert.ok(examples.length > 10);
  const timers: ReturnType<typeof setInterval>[] = [];
  t.after(() => timers.forEach(clearInterval));
  const scope = {
    connect,
    OscGateError,
    console: { log: () => undefined },
    setInterval: (tick: () => void) => {
      timers.push(setInterval(tick, 50));
    },
  };
  for (const example of examples) {
    const client = await join(t, gateway.url('ws'));
    // What an import brings is in scope.
    const body = example
      .replaceAll(/^import .*$/gm, '')
      .replaceAll('ws://127.0.0.1:8900', gateway.url('ws'));
    const own = body.includes('const client =');
    const names = [...Object.keys(scope), ...(own ? [] : ['client'])];
    const run = new AsyncFunction(...names, body);
    await within(5000, run(...Object.values(scope), client), example);
    await client.close();
  }
});

test('every export and every code is in README.md', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const errors = await readFile(new URL('../../src/errors.ts', import.meta.url), 'utf8');
  const codes = errors.slice(0, errors.indexOf('string & {}')).match(/'[A-Z_]+'/g) ?? [];
  for (const code of codes) {
    // The client's bundles act at once, so this one never reaches it.
    if (code !== "'BAD_TIME'" && code !== "'UNKNOWN_REQUEST'")
      assert.ok(readme.includes(code.slice(1, -1)), code);
  }
  for (const call of [
    'set',
    'lock',
    'unlock',
    'take',
    'get',
    'on',
    'sync',
    'onStatus',
    'bundle',
    'close',
    'name',
    'state',
  ]) {
    assert.match(readme, new RegExp(`client\\.${call}\\b`), call);
  }
});

// How locks are used, over UDP and over WebSocket from Node.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { join } from './support/clients.js';
import { Gateway } from './support/gateway.js';
import { ROWS, SHOW, type Stage } from './use-locks/suite.js';

const VANISHING = fileURLToPath(new URL('support/vanishing.js', import.meta.url));

/** A process that locks an address, and is killed once it has it. */
async function vanish(url: string, address: string): Promise<void> {
  const child = spawn(process.execPath, [VANISHING, url, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

// All at once: most of the time they wait for locks to run out.
describe('use locks', { concurrency: true }, () => {
  for (const kind of ['udp', 'ws'] as const) {
    describe(`over ${kind}`, { concurrency: true }, () => {
      let gateway: Gateway;
      const ends: (() => unknown)[] = [];
      before(async () => {
        gateway = await Gateway.start({ after: (end) => ends.push(end) }, SHOW);
      });
      after(async () => {
        for (const end of ends) await end();
      });
      const stage = (t: TestContext): Stage => ({
        connect: (name) => join(t, gateway.url(kind), name === undefined ? {} : { name }),
        vanish: (address) => vanish(gateway.url(kind), address),
      });
      for (const { name, run } of ROWS) test(name, (t) => run(stage(t)));
    });
  }
});

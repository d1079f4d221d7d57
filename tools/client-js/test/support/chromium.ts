// A headless Chromium, and a small server for the pages that it opens.

import { build } from 'esbuild';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext } from 'playwright-core';

import type { Ending } from './gateway.js';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The client as the gateway serves it. */
export const CLIENT = new URL('../../../../../src/web/assets/client.js', import.meta.url);

/** Starts it, maybe with more arguments; it ends with the test. */
export async function browse(test: Ending, more: string[] = []): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'oscgate-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [...ARGUMENTS, ...more],
  });
  test.after(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return context;
}

/** The suite as a module for browsers, which takes the client from beside it. */
async function suite(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../use-locks/suite.js', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    plugins: [
      {
        name: 'client',
        setup(setup) {
          setup.onResolve({ filter: /src\/browser\.js$/ }, () => ({
            path: '/client.js',
            external: true,
          }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? '';
}

/** Serves an empty page, the client and the suite; says where. */
export async function serve(test: Ending): Promise<string> {
  const files: Record<string, [string, string]> = {
    '/': ['text/html', '<!doctype html><title>test</title>'],
    '/client.js': ['text/javascript', await readFile(CLIENT, 'utf8')],
    '/suite.js': ['text/javascript', await suite()],
  };
  const server = createServer(({ url = '' }, response) => {
    const [kind, text] = files[url] ?? ['text/plain', ''];
    response.writeHead(url in files ? 200 : 404, { 'content-type': kind }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

// What is published: packed, installed into an empty project, and used from plain JavaScript.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Gateway } from './support/gateway.js';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../..', import.meta.url));

const PROGRAM = `
import { connect, OscGateError } from 'oscgate';
for (const url of process.argv.slice(2)) {
  const client = await connect({ url, name: 'packed' });
  await client.set('/a', 0.5, { lock: true });
  const other = await connect(url);
  const error = await other.set('/a', 1).catch((error) => error);
  console.log(error instanceof OscGateError, error.code, error.holder, await other.get('/a'));
  await Promise.all([client.close(), other.close()]);
}
`;

const TYPED = `
import { connect, type OscGateClient, type OscGateError, type OscValue } from 'oscgate';
const client: OscGateClient = await connect({ url: 'ws://127.0.0.1', types: { '/a': 'i' } });
const several = [1, 'x', null];
const written: { count: number } = await client.set('/a', several, { lock: true });
const value: OscValue = await client.get('/a');
const holder: string = (await client.get('/a', { meta: true })).holder;
client.on('/a', (value, address, args) => [value, address, args[0]?.type]);
client.on('lost', ({ address, cause }) => [address, cause]);
client.onStatus('denied', ({ remaining }) => remaining.toFixed());
// @ts-expect-error -- there is no such option
await client.set('/a', 1, { locked: true });
// @ts-expect-error -- a function is no value
await client.set('/a', () => 1);
export { written, value, holder, type OscGateError };
`;

test('the package installs into an empty project and works there', async (t) => {
  const gateway = await Gateway.start(t);
  const project = await mkdtemp(join(tmpdir(), 'oscgate-package-'));
  t.after(() => rm(project, { recursive: true }));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', project], {
    cwd: SOURCE,
  });
  const [{ filename, files }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  const paths = files.map(({ path }) => path);
  for (const wanted of [
    'README.md',
    'LICENSE-MIT',
    'LICENSE-APACHE',
    'package.json',
    'dist/node.js',
    'dist/node.d.ts',
    'dist/browser.js',
    'dist/browser.d.ts',
    'src/node.ts',
  ]) {
    assert.ok(paths.includes(wanted), `${wanted} is packed`);
  }
  const other = paths.filter(
    (path) => !/^(dist|src)\/|^(README\.md|LICENSE-\w+|package\.json)$/.test(path),
  );
  assert.deepEqual(other, []);

  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await run('npm', ['install', '--no-audit', '--no-fund', join(project, filename)], {
    cwd: project,
  });
  await writeFile(join(project, 'program.js'), PROGRAM);
  // It ends by itself: nothing of a closed client keeps a process alive.
  const { stdout } = await run(
    process.execPath,
    ['program.js', gateway.url('udp'), gateway.url('ws')],
    {
      cwd: project,
      timeout: 10_000,
    },
  );
  assert.equal(stdout, 'true LOCK_HELD packed 0.5\n'.repeat(2));

  await writeFile(join(project, 'typed.ts'), TYPED);
  const compiler = join(SOURCE, 'node_modules/typescript/bin/tsc');
  for (const resolution of ['nodenext', 'bundler']) {
    const module = resolution === 'bundler' ? 'esnext' : resolution;
    await run(
      process.execPath,
      [
        compiler,
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--lib',
        'es2022,dom',
        '--module',
        module,
        '--moduleResolution',
        resolution,
        'typed.ts',
      ],
      { cwd: project },
    );
  }
});

test('the lock file records no download addresses', async () => {
  const lock = await readFile(join(SOURCE, 'package-lock.json'), 'utf8');
  assert.doesNotMatch(lock, /"resolved"/);
});

test('the bundle for browsers is what the sources give', async () => {
  await run(process.execPath, ['scripts/bundle.mjs', '--check'], { cwd: SOURCE });
});

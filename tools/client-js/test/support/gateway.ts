// The built program, started for a test and stopped after it.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { within } from './wait.js';

const PROGRAM = process.env.OSCGATE_PROGRAM ?? '';
assert.notEqual(PROGRAM, '', 'OSCGATE_PROGRAM must name the built gateway');

/** A test, or a suite: it ends, and then whatever it began. */
export interface Ending {
  after(end: () => unknown): void;
}

/** A running gateway. */
export class Gateway {
  private constructor(
    private child: ChildProcess,
    readonly udp: string,
    readonly http: string,
    private readonly show: string | undefined,
  ) {}

  /** Starts one on free ports; it is stopped when the test ends. */
  static async start(test: Ending, show?: string): Promise<Gateway> {
    let file: string | undefined;
    if (show !== undefined) {
      const folder = await mkdtemp(join(tmpdir(), 'oscgate-'));
      test.after(() => rm(folder, { recursive: true }));
      file = join(folder, 'show.toml');
      await writeFile(file, show);
    }
    const { child, udp, http } = await run('127.0.0.1:0', '127.0.0.1:0', file);
    const gateway = new Gateway(child, udp, http, file);
    test.after(() => gateway.stop());
    return gateway;
  }

  /** Where a client of this kind connects. */
  url(kind: 'udp' | 'ws'): string {
    return kind === 'udp' ? `udp://${this.udp}` : `ws://${this.http}`;
  }

  get udpPort(): number {
    return Number(this.udp.split(':')[1]);
  }

  /** Stops it: asked by default, else at once. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    await within(10_000, exit, 'the gateway stops');
  }

  /** Has it wait for ever, or go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
    // Its threads stop one after the other.
    const tasks = `/proc/${this.child.pid}/task`;
    const isStill = (task: string) =>
      readFileSync(`${tasks}/${task}/stat`, 'utf8').split(') ').at(-1)?.startsWith('T') === true;
    const until = performance.now() + 5000;
    while (signal === 'SIGSTOP' && !readdirSync(tasks).every(isStill)) {
      assert.ok(performance.now() < until, 'it does not stand still');
    }
  }

  /** Starts it again on the same ports. */
  async restart(): Promise<void> {
    ({ child: this.child } = await run(this.udp, this.http, this.show));
  }

  /** Writes another show file and has it read. */
  async reload(show: string): Promise<void> {
    assert.ok(this.show !== undefined);
    await writeFile(this.show, show);
    this.child.kill('SIGHUP');
  }
}

async function run(listen: string, http: string, show: string | undefined) {
  const args = ['run', ...(show === undefined ? [] : [show]), '--listen', listen, '--http', http];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  createInterface(child.stderr).on('line', (line) => log.push(line));
  const bound: Record<string, string> = {};
  const ready = (async () => {
    for await (const line of createInterface(child.stdout)) {
      const [, kind, where] = /listening on (udp|http) (.*)/.exec(line) ?? [];
      if (kind !== undefined && where !== undefined) bound[kind] = where;
      if (line === 'oscgate: ready') return;
    }
    throw new Error(`the gateway did not start: ${log.join('\n')}`);
  })();
  await within(10_000, ready, 'the gateway starts');
  return { child, udp: bound.udp ?? '', http: bound.http ?? '' };
}

// How locks are used, row by row. The same rows run over UDP, over WebSocket and inside a browser,
// so nothing here knows of Node.

// In a browser this is what the gateway serves.
import { OscGateError, type OscGateClient } from '../../src/browser.js';
import { Log, rest, within } from '../support/wait.js';

/** What a row needs of the place where it runs. */
export interface Stage {
  /** A client of the gateway. */
  connect(name?: string): Promise<OscGateClient>;
  /** Has a client somewhere else lock this address, and vanish without a word. */
  vanish(address: string): Promise<void>;
}

/** One row: what is promised, and how it is seen. */
export interface Row {
  name: string;
  run: (stage: Stage) => Promise<void>;
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) {
    throw new Error(`${what}: ${String(actual)}, and not ${String(expected)}`);
  }
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

async function denied(promise: Promise<unknown>, code: string): Promise<OscGateError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof OscGateError)) throw error;
    equal(error.code, code, error.message);
    return error;
  }
  throw new Error(`${code} was expected, and it was accepted`);
}

async function pair(stage: Stage): Promise<[OscGateClient, OscGateClient]> {
  return [await stage.connect(), await stage.connect()];
}

/** What a surface does with a fader, as on the page. */
class Surface {
  active: string | null = null;
  shown = '';
  value = 0;

  constructor(private readonly client: OscGateClient) {}

  async down(address: string, value: number): Promise<void> {
    this.value = value;
    try {
      await this.client.set(address, this.value, { lock: true });
      this.active = address;
    } catch (error) {
      this.shown = error instanceof OscGateError ? `in use by ${error.holder}` : String(error);
    }
  }

  move(address: string, value: number): void {
    this.value = value;
    if (this.active === address) void this.client.set(address, value, { lock: true });
  }

  async up(address: string): Promise<void> {
    if (this.active !== address) return;
    await this.client.set(address, this.value, { unlock: true });
    this.active = null;
  }
}

/** Follows an address until it has this value. */
async function reaches(
  client: OscGateClient,
  address: string,
  value: number,
): Promise<Log<unknown>> {
  const seen = new Log<unknown>();
  client.on(address, (update) => seen.push(update));
  await client.sync(address);
  await seen.first((update) => update === value, `${address} becomes ${value}`);
  return seen;
}

const TAKE: Row[] = [
  {
    name: 'take: a write with lock takes the lock, and others cannot write',
    async run(stage) {
      const [mine, other] = await pair(stage);
      const { revision } = await mine.set('/take/1', 0.5, { lock: true });
      equal(revision, 1, 'the first revision');
      await denied(other.set('/take/1', 0.9), 'LOCK_HELD');
      equal(await other.get('/take/1'), 0.5, 'the value stands');
      await mine.set('/take/1', 0.6);
      equal(await other.get('/take/1'), 0.6, 'the holder writes');
    },
  },
  {
    name: 'take: the lock alone, without a value',
    async run(stage) {
      const [mine, other] = await pair(stage);
      const { timeout, revision } = await mine.lock('/take/2');
      equal(timeout, 30_000, 'the timeout');
      equal(revision, 0, 'no value yet');
      await denied(other.lock('/take/2'), 'LOCK_HELD');
    },
  },
  {
    name: 'release: a write with unlock writes and releases',
    async run(stage) {
      const [mine, other] = await pair(stage);
      await mine.set('/release/1', 0.5, { lock: true });
      await mine.set('/release/1', 0.75, { unlock: true });
      equal(await other.get('/release/1'), 0.75, 'it was written');
      await other.set('/release/1', 0.1);
      equal(await mine.get('/release/1'), 0.1, 'others write again');
    },
  },
  {
    name: 'release without a value: unlock releases and writes nothing',
    async run(stage) {
      const [mine, other] = await pair(stage);
      await mine.set('/release/2', 0.5, { lock: true });
      await mine.unlock('/release/2');
      const status = await other.get('/release/2', { meta: true });
      equal(status.locked, false, 'it is free');
      equal(status.revision, 1, 'nothing was written');
      await mine.unlock('/release/2');
      await other.set('/release/2', 0.1, { lock: true });
      await denied(mine.unlock('/release/2'), 'LOCK_HELD');
    },
  },
  {
    name: 'denied with holder: the error says who holds the lock and for how long',
    async run(stage) {
      const mine = await stage.connect('desk');
      const other = await stage.connect();
      await mine.set('/denied/1', 0.5, { lock: true });
      const error = await denied(other.set('/denied/1', 0.9, { lock: true }), 'LOCK_HELD');
      equal(error.holder, 'desk', 'the holder');
      equal(error.address, '/denied/1', 'the address');
      const remaining = error.remaining ?? 0;
      holds(remaining > 25_000 && remaining <= 30_000, `${remaining} ms remain`);
      holds(error.message.includes('desk'), error.message);
    },
  },
];

const TIMEOUT: Row[] = [
  {
    name: 'timeout: without writing the lock ends after 30 seconds',
    async run(stage) {
      const [mine, other] = await pair(stage);
      const lost = new Log<{ address: string; cause: string }>();
      mine.on('lost', lost.push);
      await mine.set('/timeout/1', 0.5, { lock: true });
      await rest(28_000);
      await denied(other.set('/timeout/1', 0.9), 'LOCK_HELD');
      const { cause } = await lost.first((lock) => lock.address === '/timeout/1', 'it ends', 6000);
      equal(cause, 'expired', 'the cause');
      await other.set('/timeout/1', 0.9);
    },
  },
  {
    name: 'keep-alive: writing every 10 seconds keeps the lock past 30 seconds',
    async run(stage) {
      const [mine, other] = await pair(stage);
      const lost = new Log<unknown>();
      mine.on('lost', lost.push);
      const currentValue = 0.5;
      await mine.set('/timeout/2', currentValue, { lock: true });
      const timer = setInterval(() => {
        void mine.set('/timeout/2', currentValue, { lock: true });
      }, 10_000);
      await rest(36_000);
      clearInterval(timer);
      await denied(other.set('/timeout/2', 0.9), 'LOCK_HELD');
      equal(lost.entries.length, 0, 'locks lost');
      equal((await other.get('/timeout/2', { meta: true })).revision, 4, 'the revision');
    },
  },
  {
    name: 'limitations: frequent writes extend the lock, with or without asking for it',
    async run(stage) {
      const [mine, other] = await pair(stage);
      await mine.set('/timeout/3', 0, { lock: true });
      await rest(1200);
      const before = await other.get('/timeout/3', { meta: true });
      holds(before.remaining < 29_000, `${before.remaining} ms remain before`);
      for (let step = 0; step < 50; step += 1) void mine.set('/timeout/3', step / 50);
      await mine.set('/timeout/3', 1);
      const after = await other.get('/timeout/3', { meta: true });
      holds(after.remaining > 29_500, `${after.remaining} ms remain after`);
    },
  },
];

const FADER: Row[] = [
  {
    name: 'fader: down takes it, moving writes, up writes the last value and releases',
    async run(stage) {
      const [mine, other] = await pair(stage);
      const surface = new Surface(mine);
      const seen = new Log<unknown>();
      other.on('/fader/1', (value) => seen.push(value));
      await surface.down('/fader/1', 0);
      equal(surface.active, '/fader/1', 'the active fader');
      for (let step = 1; step <= 200; step += 1) surface.move('/fader/1', step / 256);
      await surface.up('/fader/1');
      equal(surface.active, null, 'the active fader');
      await seen.first((value) => value === 200 / 256, 'the last value is shown');
      const status = await other.get('/fader/1', { meta: true });
      equal(status.value, 200 / 256, 'the value that stands');
      equal(status.locked, false, 'it is free');
      holds(status.revision < 202, `the drag did not flood: ${status.revision} writes`);
    },
  },
  {
    name: 'fader: of two people one has it, the other is told who',
    async run(stage) {
      const alice = await stage.connect('alice');
      const bob = await stage.connect('bob');
      const [left, right] = [new Surface(alice), new Surface(bob)];
      await left.down('/fader/2', 0.2);
      await right.down('/fader/2', 0.8);
      equal(right.active, null, 'the second has no fader');
      equal(right.shown, 'in use by alice', 'what the second is shown');
      right.move('/fader/2', 0.9);
      left.move('/fader/2', 0.3);
      await right.up('/fader/2');
      await left.up('/fader/2');
      await reaches(bob, '/fader/2', 0.3);
      await right.down('/fader/2', 0.8);
      equal(right.active, '/fader/2', 'then the second has it');
      await right.up('/fader/2');
      equal(await alice.get('/fader/2'), 0.8, 'and writes');
    },
  },
  {
    name: 'fader: two people who reach at once never both have it',
    async run(stage) {
      const [mine, other] = await pair(stage);
      for (let round = 0; round < 20; round += 1) {
        const surfaces = [new Surface(mine), new Surface(other)];
        await Promise.all(surfaces.map((surface, at) => surface.down('/fader/3', at)));
        const active = surfaces.filter((surface) => surface.active !== null);
        equal(active.length, 1, `who has it in round ${round}`);
        await Promise.all(surfaces.map((surface) => surface.up('/fader/3')));
      }
    },
  },
];

const REST: Row[] = [
  {
    name: 'status: meta tells whether and by whom an address is locked',
    async run(stage) {
      const mine = await stage.connect('foh');
      const other = await stage.connect();
      const untouched = await other.get('/status/1', { meta: true });
      equal(untouched.locked, false, 'untouched: locked');
      equal(untouched.holder, '', 'untouched: holder');
      equal(untouched.value, undefined, 'untouched: value');
      equal(untouched.revision, 0, 'untouched: revision');
      await mine.set('/status/1', 0.1, { lock: true });
      const status = await other.get('/status/1', { meta: true });
      equal(status.locked, true, 'locked');
      equal(status.holder, 'foh', 'holder');
      equal(status.writer, 'foh', 'writer');
      equal(status.value, 0.1, 'value');
      holds(status.remaining > 25_000, `${status.remaining} ms remain`);
    },
  },
  {
    name: 'disconnect: closing releases the locks',
    async run(stage) {
      const [mine, other] = await pair(stage);
      const unlocked = new Log<{ address: string; cause: string }>();
      other.onStatus('unlocked', unlocked.push);
      await other.sync('/oscgate/status/locked');
      await mine.set('/disconnect/1', 0.5, { lock: true });
      await mine.close();
      const { cause } = await unlocked.first(
        ({ address }) => address === '/disconnect/1',
        'it is free',
      );
      equal(cause, 'disconnected', 'the cause');
      await other.set('/disconnect/1', 0.9, { lock: true });
    },
  },
  {
    name: 'disconnect: a client that vanishes leaves no lock behind',
    async run(stage) {
      const other = await stage.connect();
      const unlocked = new Log<{ address: string; cause: string }>();
      other.onStatus('unlocked', unlocked.push);
      await other.sync('/oscgate/status/locked');
      await within(20_000, stage.vanish('/disconnect/2'), 'a client locks and vanishes');
      const free = ({ address }: { address: string }) => address === '/disconnect/2';
      const { cause } = await unlocked.first(free, 'it is free', 15_000);
      equal(cause, 'disconnected', 'the cause');
      await other.set('/disconnect/2', 0.9, { lock: true });
    },
  },
  {
    name: 'limitations: a pattern cannot be locked',
    async run(stage) {
      const mine = await stage.connect();
      await mine.set('/limits/1', 0.5);
      await denied(mine.set('/limits/*', 0.5, { lock: true }), 'BAD_ADDRESS');
      await denied(mine.lock('/limits//'), 'BAD_ADDRESS');
      await denied(mine.unlock('/limits/[0-9]'), 'BAD_ADDRESS');
      equal((await mine.get('/limits/1', { meta: true })).locked, false, 'locked');
    },
  },
  {
    name: "limitations: the timeout is the gateway's, and the client is told it",
    async run(stage) {
      const mine = await stage.connect();
      equal((await mine.lock('/limits/2')).timeout, 30_000, 'the timeout');
      const lost = new Log<{ address: string; cause: string }>();
      mine.on('lost', lost.push);
      // The stage's gateway has a rule for this address.
      equal((await mine.lock('/short/1')).timeout, 400, 'a shorter one');
      const { cause } = await lost.first(({ address }) => address === '/short/1', 'it ends');
      equal(cause, 'expired', 'the cause');
    },
  },
];

/** The rule that a gateway of this suite has. */
export const SHOW = `
[[address]]
match = "/short/*"
lock_timeout = "400ms"
`;

/** All rows. */
export const ROWS: Row[] = [...TAKE, ...TIMEOUT, ...FADER, ...REST];

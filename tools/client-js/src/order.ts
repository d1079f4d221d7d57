// What is done to one address is done in the order in which it was asked for, one at a time.

import { noAnswer } from './ask.js';
import type { Calls, Reply, Unit } from './calls.js';
import type { OscGateError } from './errors.js';
import type { OscMessage } from './osc/index.js';
import { Waiters } from './waiters.js';

/** What a job does, and to what. */
export interface Task<T> {
  /** The addresses, or one pattern. */
  readonly addresses: readonly string[];
  /** For a pattern: which addresses it touches. */
  readonly matches?: ((address: string) => boolean) | undefined;
  /** Whether it would take a lock. */
  readonly locks?: boolean | undefined;
  /** A reading waits for what stands before it; nothing waits for a reading. */
  readonly reads?: boolean;
  readonly kind: Unit['kind'];
  readonly size: number;
  /** The requests, asked for once, at the moment of sending. */
  compose(): OscMessage[];
  /** What the replies amount to; throws a refusal. */
  outcome(replies: Reply[]): T;
  /** The task and a newer one as one; undefined if each counts. */
  merge?(newer: Task<T>): Task<T> | undefined;
}

/** A job as the order sees it, whatever it results in. */
interface Queued extends Unit {
  readonly task: Pick<Task<never>, 'addresses' | 'matches' | 'locks'>;
  /** What waits for it. */
  readonly after: Queued[];
  /** How many others it waits for. */
  blockers: number;
  readonly sent: boolean;
  over: boolean;
  takeUp(newer: Task<unknown>): Promise<unknown> | undefined;
}

/** A task in its place. */
class Job<T> implements Queued {
  readonly after: Queued[] = [];
  blockers = 0;
  sent = false;
  over = false;
  private readonly waiters: Waiters<T>;

  constructor(
    public task: Task<T>,
    private readonly order: Order,
    private readonly patience: number,
  ) {
    this.waiters = new Waiters<T>(
      () => noAnswer(this.task.addresses.join(', '), patience),
      () => order.abandon(this),
      // Behind many others it waits its turn, as long as the gateway answers.
      () => (this.sent ? 0 : order.patienceLeft()),
    );
  }

  get size(): number {
    return this.task.size;
  }

  get kind(): Unit['kind'] {
    return this.task.kind;
  }

  wait(): Promise<T> {
    return this.waiters.add(this.patience);
  }

  /** Takes a newer task up, as long as it was not sent. */
  takeUp(newer: Task<unknown>): Promise<T> | undefined {
    // A pattern takes up a newer one only while nothing stands behind it.
    if (this.sent || (this.task.matches !== undefined && this.after.length > 0)) return undefined;
    const both = this.task.merge?.(newer as Task<T>);
    if (both === undefined) return undefined;
    this.task = both;
    return this.wait();
  }

  compose(): OscMessage[] {
    this.sent = true;
    this.waiters.renew(this.patience);
    return this.task.compose();
  }

  answered(replies: Reply[]): void {
    try {
      this.waiters.settle(this.task.outcome(replies));
    } catch (error) {
      const refusal = error as OscGateError;
      this.waiters.fail(refusal);
      if (refusal.code === 'LOCK_HELD') this.order.refuseBehind(this, refusal);
    }
    this.order.finish(this);
  }

  failed(error: OscGateError): void {
    this.waiters.fail(error);
    this.order.finish(this);
  }
}

/** The order of all tasks. */
export class Order {
  /** For each address the job that came last and is not over. */
  private readonly tails = new Map<string, Queued>();
  /** All jobs that are not over, in the order in which they were asked for. */
  private readonly open = new Set<Queued>();
  /** Jobs of patterns that are not over, each behind the one before it. */
  private readonly patterns: Queued[] = [];

  constructor(
    private readonly calls: Calls,
    private readonly patience: number,
  ) {}

  /** Does it in its turn, or has a task that still waits take it up. */
  add<T>(task: Task<T>): Promise<T> {
    const [address = ''] = task.addresses;
    // Only a task of the same kind takes up another, so the results are of one type.
    const taken = this.tails.get(address)?.takeUp(task) as Promise<T> | undefined;
    if (taken !== undefined) return taken;
    const job = new Job(task, this, this.patience);
    const promise = job.wait();
    for (const before of this.blockersOf(task)) {
      before.after.push(job);
      job.blockers += 1;
    }
    this.open.add(job);
    if (task.reads !== true) this.enter(job);
    if (job.blockers === 0) this.calls.submit(job);
    return promise;
  }

  /** What was not sent yet and touches one of these addresses comes to nothing. */
  dropAt(addresses: ReadonlySet<string>, error: OscGateError): void {
    for (const job of this.open) {
      const touches = job.task.addresses.some((address) => addresses.has(address));
      if (!job.sent && touches) this.dropOne(job, error);
    }
  }

  /** What was not sent yet and would take a lock comes to nothing. */
  dropLocking(error: OscGateError): void {
    for (const job of this.open) {
      if (!job.sent && job.task.locks === true) this.dropOne(job, error);
    }
  }

  /**
   * Another holds the address. Whatever waits to lock it was asked for before that was known, by a
   * hand that may be gone by now: it is refused as well.
   */
  refuseBehind(job: Queued, error: OscGateError): void {
    for (const next of job.after) {
      const [address] = next.task.addresses;
      const same = next.task.addresses.length === 1 && address === job.task.addresses[0];
      if (!next.sent && !next.over && same && next.task.locks === true) this.dropOne(next, error);
    }
  }

  private dropOne(job: Queued, error: OscGateError): void {
    this.calls.withdraw(job);
    job.failed(error);
  }

  /** How long what was not sent yet may still wait, in milliseconds: the gateway is at work. */
  patienceLeft(): number {
    return Math.max(0, this.calls.answeredAt + this.patience - performance.now());
  }

  /** It is done, or will not be: whatever waited for it alone may go. */
  finish(job: Queued): void {
    if (job.over) return;
    job.over = true;
    this.open.delete(job);
    // Only a pattern is the last at addresses that it does not name.
    const named = job.task.matches === undefined ? job.task.addresses : this.tails.keys();
    for (const address of named) if (this.tails.get(address) === job) this.tails.delete(address);
    const at = this.patterns.indexOf(job);
    if (at >= 0) this.patterns.splice(at, 1);
    for (const next of job.after) {
      next.blockers -= 1;
      if (next.blockers === 0 && !next.over) this.calls.submit(next);
    }
  }

  /** Nobody waits for it any more. */
  abandon(job: Queued): void {
    this.finish(job);
    this.calls.withdraw(job);
  }

  private blockersOf(task: Pick<Task<never>, 'addresses' | 'matches'>): Set<Queued> {
    const found = new Set<Queued>();
    for (const address of task.addresses) {
      const tail = this.tails.get(address) ?? this.patternBefore(address);
      if (tail !== undefined) found.add(tail);
    }
    const { matches } = task;
    if (matches === undefined) return found;
    for (const [address, tail] of this.tails) if (matches(address)) found.add(tail);
    const last = this.patterns.at(-1);
    if (last !== undefined) found.add(last);
    return found;
  }

  private patternBefore(address: string): Queued | undefined {
    return this.patterns.findLast((job) => job.task.matches?.(address) === true);
  }

  private enter(job: Queued): void {
    const { addresses, matches } = job.task;
    for (const address of addresses) this.tails.set(address, job);
    if (matches === undefined) return;
    for (const address of this.tails.keys()) if (matches(address)) this.tails.set(address, job);
    this.patterns.push(job);
  }
}

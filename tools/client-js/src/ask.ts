// One request, asked once and waited for.

import type { Calls, Reply, Unit } from './calls.js';
import { OscGateError, refusal } from './errors.js';
import type { OscArgument } from './osc/index.js';
import { Waiters } from './waiters.js';

/** A string argument. */
export function text(value: string): OscArgument {
  return { type: 's', value };
}

/** Nothing came back in time. */
export function noAnswer(subject: string, patience: number): OscGateError {
  const message = `${subject}: no answer from the gateway within ${patience} ms`;
  return new OscGateError('NO_ANSWER', message, { address: subject });
}

/** What a request is about: the address or the pattern that it names, or itself. */
function subjectOf(address: string, args: OscArgument[]): string {
  const [first] = args;
  return first?.type === 's' ? first.value : address;
}

/**
 * Has the gateway do what the message would do: what follows `OK` in its reply. `urgent` goes
 * before the session is released to all others.
 */
export function ask(
  calls: Calls,
  address: string,
  args: OscArgument[],
  patience: number,
  turn: 'urgent' | 'in turn' = 'in turn',
): Promise<OscArgument[]> {
  const subject = subjectOf(address, args);
  const waiters = new Waiters<OscArgument[]>(
    () => noAnswer(subject, patience),
    () => calls.withdraw(unit),
  );
  const unit: Unit = {
    size: 1,
    kind: 'single',
    compose: () => [{ address, args }],
    answered: ([reply]) => {
      if (reply?.code === 'OK') waiters.settle(reply.args);
      else waiters.fail(refusalOf(reply, subject));
    },
    failed: (error) => waiters.fail(error),
  };
  const answer = waiters.add(patience);
  if (turn === 'urgent') calls.urgent(unit);
  else calls.submit(unit);
  return answer;
}

/** The error that a reply other than `OK` stands for. */
export function refusalOf(reply: Reply | undefined, subject: string): OscGateError {
  return refusal(reply?.code ?? 'NO_ANSWER', subject, reply?.args ?? []);
}

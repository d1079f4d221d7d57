// Clients of a test, closed when it ends.

import assert from 'node:assert/strict';

import type { Ending } from './gateway.js';
import { connect, OscGateError, type ConnectOptions, type OscGateClient } from '../../src/node.js';

/** Connects; the client is closed with the test. */
export async function join(
  test: Ending,
  url: string,
  options: ConnectOptions = {},
): Promise<OscGateClient> {
  const client = await connect({ url, ...options });
  test.after(() => client.close());
  return client;
}

/** The error that a promise comes to, which has this code. */
export async function refused(promise: Promise<unknown>, code: string): Promise<OscGateError> {
  const error: unknown = await promise.then(
    (value) => new Error(`${code} was expected, and not ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof OscGateError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

// What both entries of the package export beside `connect`.

export { OscGateClient } from './client.js';
export type { BundleElement, ClientEvents, ConnectOptions } from './client.js';
export { OscGateError } from './errors.js';
export type { ErrorCode } from './errors.js';
export type { LostCause, LostLock } from './held.js';
export type { OscArgument } from './osc/index.js';
export type { Meta, StatusKind, StatusMessages } from './status.js';
export type { UpdateHandler } from './subscriptions.js';
export type { OscList, OscScalar, OscValue } from './values.js';
export type { Locked, SetOptions, Written } from './writes.js';

// A wire over UDP, in Node.

import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';

import { OscGateError } from '../errors.js';
import type { OpenWire, Wire, WireListener } from './wire.js';

/** The port of a gateway that was told nothing else. */
const DEFAULT_PORT = 8900;

/**
 * The ways to the host of the URL: a name can stand for several addresses, and the gateway may
 * listen on one alone.
 */
export async function udpWays(url: URL): Promise<OpenWire[]> {
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = await lookup(host, { all: true }).catch((cause: unknown) => {
    const message = `the host ${host} has no address`;
    throw new OscGateError('NO_ANSWER', message, { cause });
  });
  return found.map(
    ({ address, family }) =>
      (listener) =>
        openUdp(family, address, port, listener),
  );
}

function openUdp(
  family: number,
  address: string,
  port: number,
  listener: WireListener,
): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    const where = family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
    let open = true;
    let connected = false;
    const fail = (cause: unknown) => {
      const error = failure(where, cause);
      reject(error);
      if (!open) return;
      open = false;
      socket.close();
      listener.closed(error);
    };
    // A route that is missing for a moment loses datagrams; that nobody listens is news.
    socket.on('error', (cause) => {
      if (!connected || isRefused(cause)) fail(cause);
    });
    socket.on('message', (bytes) => {
      if (open) listener.packet(bytes);
    });
    socket.connect(port, address, () => {
      connected = true;
      resolve(
        wireOf(
          socket,
          () => open,
          () => {
            open = false;
          },
          fail,
        ),
      );
    });
  });
}

function wireOf(
  socket: Socket,
  isOpen: () => boolean,
  silence: () => void,
  fail: (cause: unknown) => void,
): Wire {
  const own = socket.address();
  return {
    reliable: false,
    local: own.family === 'IPv6' ? `[${own.address}]:${own.port}` : `${own.address}:${own.port}`,
    busy: false,
    send(packet) {
      if (!isOpen()) return;
      socket.send(packet, (cause) => {
        if (cause !== null && isRefused(cause)) fail(cause);
      });
    },
    close() {
      if (!isOpen()) return;
      silence();
      // After what was handed to it has left.
      setImmediate(() => socket.close());
    },
  };
}

function isRefused(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

function failure(where: string, cause: unknown): OscGateError {
  if (isRefused(cause)) {
    const message = `nothing listens at ${where}; is the gateway started, and is this its port?`;
    return new OscGateError('NO_ANSWER', message, { cause });
  }
  return new OscGateError('NO_ANSWER', `cannot speak to ${where}`, { cause });
}

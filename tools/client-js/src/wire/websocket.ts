// A wire over a WebSocket: each binary frame is one packet.

import { OscGateError } from '../errors.js';
import type { Wire, WireListener } from './wire.js';

/** Bytes waiting in the socket past which repeating anything would only make it worse. */
const WAITING_BYTES_BUSY = 65_536;

/** What this needs of a WebSocket; the browsers' and that of `ws` have it. */
export interface Socket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(bytes: Uint8Array): void;
  close(): void;
  addEventListener(kind: 'open' | 'error', handler: (event: unknown) => void): void;
  addEventListener(kind: 'message', handler: (event: { data: unknown }) => void): void;
  addEventListener(kind: 'close', handler: (event: { reason: string }) => void): void;
}

const OPEN = 1;

/** Waits until the socket is open, for `timeout` milliseconds at most. */
export function openWebSocket(
  create: () => Socket,
  url: URL,
  listener: WireListener,
  timeout: number,
): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = create();
    socket.binaryType = 'arraybuffer';
    let over = false;
    let opened = false;
    const fail = (error: OscGateError) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (opened) listener.closed(error);
      else reject(error);
      socket.close();
    };
    const timer = setTimeout(() => {
      fail(new OscGateError('NO_ANSWER', `no answer from ${url.href} within ${timeout} ms`));
    }, timeout);
    // What is wrong is said by the close that follows.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ reason }) => {
      fail(opened ? broken(url, reason) : unreachable(url));
    });
    socket.addEventListener('message', ({ data }) => {
      if (!over && data instanceof ArrayBuffer) listener.packet(new Uint8Array(data));
    });
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      if (over) return;
      opened = true;
      resolve(
        wireOf(socket, () => {
          over = true;
        }),
      );
    });
  });
}

function wireOf(socket: Socket, silence: () => void): Wire {
  return {
    reliable: true,
    local: undefined,
    get busy() {
      return socket.bufferedAmount > WAITING_BYTES_BUSY;
    },
    send(packet) {
      if (socket.readyState === OPEN) socket.send(packet);
    },
    close() {
      silence();
      socket.close();
    },
  };
}

function unreachable(url: URL): OscGateError {
  const questions = 'is it started, is this its HTTP port, and does it serve this page?';
  const message = `no gateway answers at ${url.href}; ${questions}`;
  return new OscGateError('NO_ANSWER', message);
}

function broken(url: URL, reason: string): OscGateError {
  const why = reason === '' ? 'broke' : `was closed: ${reason}`;
  return new OscGateError('DISCONNECTED', `the connection to ${url.href} ${why}`);
}

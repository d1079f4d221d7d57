// The entry for browsers: WebSocket alone.

import { connectBy, type ConnectOptions, type OscGateClient } from './client.js';
import { OscGateError } from './errors.js';
import { openWebSocket, type Socket } from './wire/websocket.js';
import type { Platform } from './wire/wire.js';

export * from './api.js';

const BROWSER: Platform = {
  defaultUrl() {
    const { protocol, host } = globalThis.location;
    return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}`;
  },
  ways(url) {
    if (url.protocol === 'udp:') {
      const message = 'a browser cannot speak UDP; connect to ws://HOST:8900';
      return Promise.reject(new OscGateError('BAD_ARGUMENTS', message));
    }
    const create = () => new WebSocket(url) as Socket;
    return Promise.resolve([(listener, timeout) => openWebSocket(create, url, listener, timeout)]);
  },
};

/** Connects to a gateway: by default to the host that the page came from. */
export function connect(where?: string | ConnectOptions): Promise<OscGateClient> {
  return connectBy(BROWSER, where);
}

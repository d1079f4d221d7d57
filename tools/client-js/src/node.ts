// The entry for Node: WebSocket by `ws`, and UDP.

import { connectBy, type ConnectOptions, type OscGateClient } from './client.js';
import { openWebSocket, type Socket } from './wire/websocket.js';
import type { Platform } from './wire/wire.js';

export * from './api.js';

const NODE: Platform = {
  defaultUrl: () => 'ws://127.0.0.1:8900',
  async ways(url) {
    if (url.protocol === 'udp:') {
      const { udpWays } = await import('./wire/udp.js');
      return udpWays(url);
    }
    const { WebSocket } = await import('ws');
    const create = () => new WebSocket(url, { perMessageDeflate: false }) as unknown as Socket;
    return [(listener, timeout) => openWebSocket(create, url, listener, timeout)];
  },
};

/** Connects to a gateway: by default to one on this machine. */
export function connect(where?: string | ConnectOptions): Promise<OscGateClient> {
  return connectBy(NODE, where);
}

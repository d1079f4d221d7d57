// A plain UDP socket that speaks OSC, for what a client of ours would never send.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import {
  decodePacket,
  encodeMessage,
  type OscArgument,
  type OscMessage,
} from '../../src/osc/index.js';
import type { Ending, Gateway } from './gateway.js';
import { Log } from './wait.js';

/** A socket of this local address. */
export class Raw {
  readonly heard = new Log<OscMessage>();
  private readonly socket = createSocket('udp4');

  static async open(test: Ending, gateway: Gateway, local: string): Promise<Raw> {
    const raw = new Raw(gateway.udpPort);
    raw.socket.bind(0, local);
    await once(raw.socket, 'listening');
    raw.socket.on('message', (bytes) => decodePacket(bytes)?.forEach(raw.heard.push));
    test.after(() => raw.socket.close());
    return raw;
  }

  private constructor(private readonly port: number) {}

  send(address: string, ...args: OscArgument[]): void {
    this.socket.send(encodeMessage({ address, args }), this.port, '127.0.0.1');
  }

  /** Calls, and waits for the code of the answer. */
  async call(number: number, address: string, ...args: OscArgument[]): Promise<string> {
    this.send(
      '/oscgate/call',
      { type: 'i', value: number },
      { type: 's', value: address },
      ...args,
    );
    const reply = await this.heard.first((message) => {
      return message.address === '/oscgate/reply' && message.args[0]?.value === number;
    }, `an answer to ${address}`);
    const code = reply.args[1];
    return code?.type === 's' ? code.value : '';
  }
}

// Where the gateway is, as typed.

import { OscGateError } from '../errors.js';

const SCHEMES: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
  'udp:': 'udp:',
};

/** The URL of a gateway; `http` stands for `ws`. */
export function gatewayUrl(typed: string): URL {
  const scheme = /^[a-z]+:(?=\/\/)/i.exec(typed)?.[0].toLowerCase() ?? '';
  const known = SCHEMES[scheme];
  // Of schemes that it does not know, URL parses host and port differently: so all as `ws`.
  const plain = typed.slice(scheme.length);
  if (known === undefined || !URL.canParse(`ws:${plain}`)) {
    const message = `"${typed}" is no gateway; write ws://HOST:8900 or udp://HOST:8900`;
    throw new OscGateError('BAD_ARGUMENTS', message);
  }
  const url = new URL(`${known}${plain}`);
  // A WebSocket has no use for what follows a #, and refuses it.
  url.hash = '';
  return url;
}

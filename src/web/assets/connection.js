// The connection to the gateway: made, kept, made again, and under which name.

import { connect } from './client.js';
import { numbered, storedName, storeName } from './names.js';

/** The wait before the next attempt, at first and at most; in between twice as long each time. */
const WAIT_FIRST = 500;
const WAIT_MAX = 5000;

/** Windows of one browser that may share a name, told apart by a number. */
const NUMBER_MAX = 32;

/** OSC types of what this page writes. */
const TYPES = { '/mixer/fader/*': 'f', '/mixer/mute/*': 'i' };

/**
 * The gateway that the page speaks to: the one that served it, unless the page was opened with
 * `?gateway=ws://HOST:PORT`.
 */
export function gatewayAddress() {
  const asked = new URLSearchParams(location.search).get('gateway');
  if (asked) return asked;
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}`;
}

/**
 * One gateway, for as long as the page lives. `listener` has
 * - `prepare(client)`: a client is new; whatever follows is subscribed to here
 * - `began(client)`: a session stands, the first or another
 * - `leaving()`: it is about to be left for another
 * - `ended()`: it does not stand any more
 * - `state({ kind, name, fault })`: `kind` is `connecting`, `connected`, `lost` or `refused`
 * - `problem(error)`: something failed that nobody asked for
 */
export class Connection {
  client;
  name = storedName();
  #url;
  #listener;
  /** The name that was asked for last. */
  #asked = '';
  /** Counts attempts to begin; an older one gives way to a newer. */
  #turn = 0;

  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
  }

  /** The gateway's host and port, as far as what was asked for is an address. */
  get host() {
    return URL.canParse(this.#url) ? new URL(this.#url).host : this.#url;
  }

  get isUp() {
    return this.client?.state === 'connected';
  }

  /** Connects, however long it takes. */
  async start() {
    this.#turn += 1;
    const turn = this.#turn;
    this.#tell('connecting');
    for (let wait = WAIT_FIRST; ; wait = Math.min(wait * 2, WAIT_MAX)) {
      const result = await this.#join().catch((error) => error);
      if (result instanceof Error) {
        const gone = isAway(result) && !(await this.#isThere());
        if (turn !== this.#turn) return;
        this.#tell(gone ? 'lost' : 'refused', result);
      } else {
        if (turn !== this.#turn) await result.close();
        else this.#adopt(result);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (turn !== this.#turn) return;
    }
  }

  /**
   * Takes another name, or throws why not; then nothing has changed. Returns the name that we have
   * now: the show file may know us by another.
   */
  async rename(name) {
    // Whom the show file names keeps that name, and a second session would only be part of the first.
    const { client: named } = this;
    if (this.isUp && named.name !== '' && named.name !== this.#asked) return named.name;
    // The new session stands before the old one ends: a refusal costs nothing.
    const client = await this.#open(name);
    this.#asked = name;
    this.#turn += 1;
    this.name = name;
    storeName(name);
    const old = this.client;
    if (old !== undefined) {
      this.#listener.leaving();
      this.client = undefined;
      this.#listener.ended();
      await old.close();
    }
    this.#adopt(client);
    return client.name;
  }

  /** Under our name or, where that is taken, under the same with a number. */
  async #join() {
    for (let count = 1; ; count += 1) {
      try {
        this.#asked = numbered(this.name, count);
        return await this.#open(this.#asked);
      } catch (error) {
        if (error.code !== 'NAME_TAKEN' || count >= NUMBER_MAX) throw error;
      }
    }
  }

  /** Whether our own gateway answers after all: then it does not let this page connect. */
  async #isThere() {
    if (this.host !== location.host) return false;
    const answer = fetch('/', { method: 'HEAD', cache: 'no-store' });
    return answer.then(
      ({ ok }) => ok,
      () => false,
    );
  }

  #open(name) {
    return connect({ url: this.#url, name, types: TYPES });
  }

  #adopt(client) {
    this.client = client;
    const ours = (handler) => (event) => {
      if (this.client === client) handler(event);
    };
    client.on(
      'connected',
      ours(() => this.#began(client)),
    );
    client.on(
      'disconnected',
      ours((error) => {
        this.#listener.ended();
        this.#tell('lost', error);
      }),
    );
    client.on(
      'error',
      ours((error) => this.#failed(client, error)),
    );
    this.#listener.prepare(client);
    // It may have been lost again at once; then it says so, and later that it is back.
    if (client.state === 'connected') this.#began(client);
  }

  #began(client) {
    this.#tell('connected');
    this.#listener.began(client);
  }

  #failed(client, error) {
    if (client.state === 'connected') {
      this.#listener.problem(error);
    } else if (error.code === 'NAME_TAKEN') {
      // While we were away somebody took our name: we come back under another.
      this.client = undefined;
      void client.close();
      void this.start();
    } else {
      this.#tell('refused', error);
    }
  }

  #tell(kind, fault) {
    this.#listener.state({ kind, name: this.client?.name || this.name, fault });
  }
}

/** Whether it may be that nobody is there. */
function isAway({ code }) {
  return code === 'NO_ANSWER' || code === 'DISCONNECTED';
}

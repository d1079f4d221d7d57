// The try-it page: eight channels, each a fader and a mute, on the addresses that every mapping
// speaks of. It uses the client as any page may.

import { Connection, gatewayAddress } from './connection.js';
import { NameDialog } from './name-dialog.js';
import { ASK_AGAIN, Parameter } from './parameter.js';
import { Strip } from './strip.js';
import { refusedWords, setText } from './words.js';

const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8];
const VALUES = '/mixer/{fader,mute,name}/[1-8]';
const LOCKED = '/oscgate/status/locked';

/** How often what is left of the locks is shown anew, in milliseconds. */
const TICK = 250;

const element = (id) => document.getElementById(id);

const strips = CHANNELS.map(
  (channel) =>
    new Strip(channel, element('strip'), {
      client: () => (connection.isUp ? connection.client : undefined),
      announce,
    }),
);
const parameters = new Map(
  strips.flatMap(({ fader, mute, name }) => {
    return [fader, mute, name].map((parameter) => [parameter.address, parameter]);
  }),
);

const connection = new Connection(gatewayAddress(), {
  prepare,
  began,
  leaving: letGo,
  ended() {
    for (const strip of strips) strip.lost(strip.fader.address, 'disconnected');
    for (const parameter of parameters.values()) parameter.forget();
  },
  state: showState,
  problem(error) {
    showNotice(`Something failed: ${error.message}`);
  },
});
new NameDialog(connection);

element('strips').append(...strips.map(({ root }) => root));
for (const bank of document.querySelectorAll('#banks button')) {
  const { root } = strips[Number(bank.dataset.first) - 1];
  bank.addEventListener('click', () => root.scrollIntoView({ inline: 'start', block: 'nearest' }));
}
showAddress();
// Whoever looks away, or whose phone locks itself, has no hand on a fader any more.
window.addEventListener('blur', lookAway);
window.addEventListener('pagehide', lookAway);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) lookAway();
});
setInterval(tick, TICK);
setInterval(askAgain, ASK_AGAIN);
void connection.start();

/** Follows all that the page shows. */
function prepare(client) {
  client.on(VALUES, (value, address) => parameters.get(address)?.heard(value));
  client.onStatus('locked', ({ address, holder, timeout }) => {
    parameters.get(address)?.held(holder, holder === client.name, timeout);
  });
  client.onStatus('unlocked', ({ address, holder, cause }) => {
    parameters.get(address)?.freed();
    if (holder === client.name && cause !== 'released') lost(address, cause);
  });
  client.onStatus('overridden', ({ address, device }) => {
    stripOf(address)?.overridden(device);
  });
  client.on('lost', ({ address, cause }) => lost(address, cause));
}

/** A session stands: learns everything as it is now. */
async function began(client) {
  showNotice('');
  for (const parameter of parameters.values()) parameter.beginSync();
  try {
    await Promise.all([client.sync(VALUES), client.sync(LOCKED)]);
  } catch (error) {
    // Whatever ended the session is shown already, and the next one begins anew.
    if (connection.client === client && connection.isUp) {
      showNotice(`The values could not be read: ${error.message}`);
    }
    return;
  }
  if (connection.client !== client || !connection.isUp) return;
  for (const parameter of parameters.values()) parameter.endSync();
}

function stripOf(address) {
  return strips.find((strip) => strip.has(address));
}

function lost(address, cause) {
  stripOf(address)?.lost(address, cause);
}

/** Takes every hand off. */
function lookAway() {
  for (const strip of strips) strip.takeOff();
}

/** The same, and gives up what is held without a hand. */
function letGo() {
  for (const strip of strips) strip.letGo();
}

function tick() {
  for (const strip of strips) strip.tick();
}

/** Asks about what others hold: a renewal that writes nothing is told to nobody. */
async function askAgain() {
  if (!connection.isUp) return;
  const { client } = connection;
  const held = [...parameters.values()].filter(({ lock }) => lock !== undefined && !lock.mine);
  await Promise.all(
    held.map(async (parameter) => {
      const { lock } = parameter;
      const meta = await client.get(parameter.address, { meta: true }).catch(() => undefined);
      // What was told meanwhile is newer than this answer.
      if (meta === undefined || parameter.lock !== lock || connection.client !== client) return;
      if (meta.locked) parameter.held(meta.holder, meta.holder === client.name, meta.remaining);
      else parameter.freed();
    }),
  );
}

/** Says where we are, and as whom. */
function showState({ kind, name, fault }) {
  const { host } = connection;
  const texts = {
    connecting: `Connecting to ${host}…`,
    connected: `Connected to ${host}`,
    lost: `No connection to ${host}: trying again…`,
    refused: refusedWords(host, fault),
  };
  element('connection').dataset.state = kind;
  // The same text again would be read out again.
  setText(element('connection-text'), texts[kind]);
  setText(element('connection-name'), kind === 'connected' ? ` as ${name}` : '');
  setText(element('own-name'), name);
  document.body.classList.toggle('offline', kind !== 'connected');
  for (const strip of strips) strip.setOnline(kind === 'connected');
}

function showNotice(text) {
  element('notice').textContent = text;
  element('notice').hidden = text === '';
}

/** The address to open elsewhere, as far as it leads here from elsewhere. */
function showAddress() {
  const { hostname, protocol, origin } = location;
  const local = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  if (local || !protocol.startsWith('http')) return;
  element('hint-address').textContent = `It is at ${origin}`;
}

/** Says something to those who hear this page. */
function announce(text) {
  const announcer = element('announcer');
  // The same words once more are news, too, and only a change is read out.
  announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
}

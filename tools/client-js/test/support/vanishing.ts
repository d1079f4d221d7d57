// A program that locks an address, says so, and stays until it is killed.

import { connect } from '../../src/node.js';

const [url = '', address = ''] = process.argv.slice(2);
const client = await connect(url);
await client.set(address, 1, { lock: true });
console.log('locked');

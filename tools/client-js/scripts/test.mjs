// Runs the compiled tests: all but those in a browser, or with `browser` these alone; other
// arguments name files.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../build/test/', import.meta.url));
const named = process.argv.slice(2);
const wanted = (file) => {
  const name = file.replace('.test.js', '');
  return named.length > 0 ? named.includes(name) : name !== 'browser';
};
const files = readdirSync(folder).filter((file) => file.endsWith('.test.js') && wanted(file));
const args = [
  '--test',
  '--enable-source-maps',
  '--test-timeout=120000',
  ...files.map((file) => folder + file),
];
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
process.exit(status ?? 1);

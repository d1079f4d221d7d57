// Removes what an earlier build left: `node scripts/clean.mjs FOLDER`.

import { rmSync } from 'node:fs';

for (const folder of process.argv.slice(2)) {
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
}

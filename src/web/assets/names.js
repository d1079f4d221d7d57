// What the person at this page is called: typed and kept, else made up.

const KEY = "oscgate.name";

const FIRST = [
  "Amber",
  "Brisk",
  "Calm",
  "Dapper",
  "Early",
  "Gentle",
  "Keen",
  "Lucky",
  "Mellow",
  "Nimble",
  "Plucky",
  "Quiet",
  "Swift",
  "Tidy",
  "Witty",
];
const LAST = [
  "Badger",
  "Crane",
  "Dolphin",
  "Falcon",
  "Fox",
  "Heron",
  "Lynx",
  "Marten",
  "Otter",
  "Owl",
  "Robin",
  "Seal",
  "Stork",
  "Swan",
  "Wren",
];

/** The gateway's bound: characters of a name. */
const NAME_CHARACTERS_MAX = 64;

/** The name of last time, else a new one, which is kept. */
export function storedName() {
  const name = read();
  if (name) return name;
  const made = `${one(FIRST)} ${one(LAST)}`;
  storeName(made);
  return made;
}

/** Keeps it for next time. */
export function storeName(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // A browser that keeps nothing makes up a name each time.
  }
}

/**
 * The same name for a further window: two windows of one browser have one name to begin with, and
 * the gateway gives it to the first.
 */
export function numbered(name, count) {
  if (count < 2) return name;
  const ending = ` ${count}`;
  return (
    [...name].slice(0, NAME_CHARACTERS_MAX - ending.length).join("") + ending
  );
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function one(words) {
  return words[Math.floor(Math.random() * words.length)];
}

// Encodes packets with the npm package osc: a list of packets as JSON comes in, a list of hex (null
// where the package cannot express one) goes out. make.py starts it.
"use strict";

const fs = require("fs");
const osc = require("osc");

const number = (value) => (value !== null && value.number ? Number(value.number) : value);

// A whole 64-bit number, written as text, as two halves.
const halves = (text) => {
  const bits = BigInt.asUintN(64, BigInt(text));
  return { high: Number(bits >> 32n), low: Number(bits & 0xffffffffn) };
};

const timeTag = (text) => {
  const { high, low } = halves(text);
  return { raw: [high, low] };
};

const argument = ({ tag, value, array }) => {
  if (array) return array.map(argument);
  switch (tag) {
    case "h": {
      const { high, low } = halves(value);
      return { type: tag, value: { high: high | 0, low: low | 0 } };
    }
    case "t":
      return { type: tag, value: timeTag(value) };
    case "b":
    case "m":
      return { type: tag, value: Uint8Array.from(value) };
    case "r": {
      const [r, g, b, a] = value;
      return { type: tag, value: { r, g, b, a: a / 255 } };
    }
    default:
      return { type: tag, value: number(value) };
  }
};

const packet = ({ address, arguments: values, time, elements }) => {
  if (address === undefined) return { timeTag: timeTag(time), packets: elements.map(packet) };
  return { address, args: values.map(argument) };
};

// An address without a leading slash is what it refuses to write.
const isExpressible = ({ address, elements }) =>
  address === undefined ? elements.every(isExpressible) : address.startsWith("/");

const packets = JSON.parse(fs.readFileSync(0, "utf-8"));
const encoded = packets.map((one) =>
  isExpressible(one)
    ? Buffer.from(osc.writePacket(packet(one), { metadata: true })).toString("hex")
    : null
);
process.stdout.write(JSON.stringify(encoded));

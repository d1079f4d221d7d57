// OSC 1.0: messages, bytes and patterns. Nothing here knows of the gateway.

export { decodePacket } from './decode.js';
export { encodeBundle, encodeMessage } from './encode.js';
export {
  ADDRESS_BYTES_MAX,
  NESTING_MAX,
  PACKET_BYTES_MAX,
  type OscArgument,
  type OscMessage,
} from './message.js';
export { addressFault, compilePattern, isPattern, PatternError } from './pattern.js';

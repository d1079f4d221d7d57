// What is said to people: refusals, endings of locks, spans and levels.

/** A level from 0 to 1, as it is read. */
export function percent(level) {
  return `${Math.round(level * 100)}\u202f%`;
}

/** What is left of a lock, rounded up: it is free only after "1 s". */
export function seconds(milliseconds) {
  return `${Math.max(0, Math.ceil(milliseconds / 1000))}\u202fs`;
}

/** Why something was refused, in a few words. */
export function refusalWords(error) {
  switch (error.code) {
    case 'LOCK_HELD':
      return error.holder ? `${error.holder} holds it` : 'somebody else holds it';
    case 'LOCK_REQUIRED':
      return 'it must be locked first';
    case 'READ_ONLY':
      return 'it can only be read';
    case 'NOT_ALLOWED':
      return 'you may not';
    case 'OFFLINE':
      return 'the console does not answer';
    case 'NO_ANSWER':
      return 'the gateway did not answer';
    case 'DISCONNECTED':
    case 'CLOSED':
      return 'the connection is gone';
    default:
      return `the gateway refuses it (${error.code})`;
  }
}

/** How a lock of ours ended that we did not end. */
export function lostWords(cause, holder) {
  switch (cause) {
    case 'expired':
      return 'it ran out';
    case 'taken':
      return holder ? `${holder} took it` : 'it was taken';
    case 'forced':
      return 'an operator freed it';
    case 'withdrawn':
      return 'locks are off here now';
    case 'disconnected':
      return 'no connection';
    default:
      return holder ? `${holder} has it` : 'it is gone';
  }
}

/** Why the gateway does not let us in. */
export function refusedWords(host, error) {
  if (error?.code !== 'NO_ANSWER') return `${host} refuses: ${error?.message ?? ''}`;
  return `${host} answers, but does not let this page connect. Its log says why.`;
}

/** Why a name was not taken. */
export function nameWords(error, name) {
  switch (error.code) {
    case 'NAME_TAKEN':
      return `“${name}” is taken by somebody else. Choose another name.`;
    case 'BAD_ARGUMENTS':
      return 'That is no name here: up to 64 characters, without “/”, and not an IP address.';
    case 'NO_ANSWER':
    case 'DISCONNECTED':
      return 'The gateway does not answer. Try again once it is back.';
    default:
      return `The gateway refuses this name (${error.code}).`;
  }
}

/** Writes only what is new: what is written is laid out, and may be read out, again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Numbers that are spread evenly but are always the same for the same text: where a hashed cron field (H) falls, how
// long a job's jitter is. They must not change between versions, machines or starts.

const utf8 = new TextEncoder();

const START = 0x811c9dc5;

/** A text's part of a hash, which `finishHash` goes on with. */
export function beginHash(text: string, hash = START): number {
  let begun = hash;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // Encoding takes longer than all the rest, and names are ASCII as a rule.
    if (code > 0x7f) return encoded(text.slice(at), begun);
    begun = Math.imul(begun ^ code, 0x01000193);
  }
  return begun;
}

function encoded(text: string, hash: number): number {
  return utf8.encode(text).reduce((begun, byte) => Math.imul(begun ^ byte, 0x01000193), hash);
}

/** FNV-1a of the UTF-8 text, then the finalizer of MurmurHash3 (FNV alone barely moves the high bits): 0 to 2^32 - 1. */
export function finishHash(begun: number, text: string): number {
  let hash = beginHash(text, begun);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export function hashOf(text: string): number {
  return finishHash(START, text);
}

/** A whole number from 0 to below `size`. */
export function spreadOf(text: string, size: number): number {
  return Math.floor((hashOf(text) / 2 ** 32) * size);
}

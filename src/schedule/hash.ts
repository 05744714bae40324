// Numbers that are spread evenly but are always the same for the same text: where a hashed cron field (H) falls, how
// long a job's jitter is. They must not change between versions, machines or starts.

const utf8 = new TextEncoder();

/** FNV-1a of the UTF-8 text, then the finalizer of MurmurHash3 (FNV alone barely moves the high bits): 0 to 2^32 - 1. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A whole number from 0 to below `size`. */
export function spreadOf(text: string, size: number): number {
  return Math.floor((hashOf(text) / 2 ** 32) * size);
}

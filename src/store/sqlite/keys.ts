// The keys of many jobs as a few bytes: differences, zigzag, seven bits a byte (as in Protocol Buffers). Pure. Jobs are mostly
// decided in the order in which they were declared: then one takes a byte.

/** @param keys integers from 0 to 2^31 - 1, in any order */
export function encodeKeys(keys: readonly number[]): Uint8Array {
  let bytes = new Uint8Array(keys.length * 2 + 16);
  let length = 0;
  let before = 0;
  for (const key of keys) {
    if (length + 5 > bytes.length) {
      const larger = new Uint8Array(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    const difference = key - before;
    before = key;
    let rest = difference >= 0 ? difference * 2 : -difference * 2 - 1;
    while (rest >= 0x80) {
      bytes[length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    bytes[length++] = rest;
  }
  return bytes.subarray(0, length);
}

export function decodeKeys(bytes: Uint8Array): number[] {
  const keys: number[] = [];
  let before = 0;
  let rest = 0;
  let factor = 1;
  for (const byte of bytes) {
    rest += (byte & 0x7f) * factor;
    if (byte >= 0x80) {
      factor *= 0x80;
      continue;
    }
    before += rest % 2 === 0 ? rest / 2 : -(rest + 1) / 2;
    keys.push(before);
    rest = 0;
    factor = 1;
  }
  return keys;
}

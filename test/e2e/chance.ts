// Chance that can be had again: every number comes from a seed, which the test's name shows.

/** DJOB_TEST_SEED, or a new one. */
export const seed = Number(process.env["DJOB_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Mulberry32: numbers from 0 (inclusive) to 1 (exclusive) that a seed determines. */
export function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: () => number, values: readonly T[]): T | undefined {
  return values[Math.floor(random() * values.length)];
}

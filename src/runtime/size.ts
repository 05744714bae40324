// Sizes as people write and read them: 4096, 64K, 512M, 2G, in powers of 1024. Pure.

const units: readonly string[] = ["", "K", "M", "G", "T"];

/** @returns bytes; null if the text is no size */
export function parseSize(text: string): number | null {
  const match = /^(\d+)([kmgt]?)$/i.exec(text);
  if (match === null) return null;
  const power = units.indexOf((match[2] ?? "").toUpperCase());
  const bytes = Number(match[1]) * 1024 ** power;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The size with nothing cut off, in the form that parseSize reads. */
export function formatSize(bytes: number): string {
  let power = 0;
  while (bytes > 0 && power < units.length - 1 && bytes % 1024 ** (power + 1) === 0) power += 1;
  return `${bytes / 1024 ** power}${units[power]}`;
}

/** For people: in whole megabytes. */
export function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)}M`;
}

// JSON text that comes from elsewhere: from a thread, a process, or a run history in which a disk may have turned a bit.

/** @returns undefined: there is none, or it is none */
export function parsedJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

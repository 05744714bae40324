// Whether the event loop has anything left to do: what a plain script lives by.

/**
 * Whether something keeps the event loop alive, once everything is loaded: an unreferenced immediate comes only then, in
 * the loop's next turn, however busy the machine is. Otherwise "beforeExit" comes first. (A timer may be due too early.)
 * Nothing of djob's own may keep the loop alive meanwhile.
 */
export async function staysAlive(): Promise<boolean> {
  return await new Promise((resolve) => {
    const immediate = setImmediate(() => {
      process.off("beforeExit", end);
      resolve(true);
    });
    immediate.unref();
    const end = () => {
      clearImmediate(immediate);
      // A promise that was rejected in the last turn is told in the next one.
      setTimeout(() => resolve(false), 0);
    };
    process.once("beforeExit", end);
  });
}

/**
 * Calls back when nothing is left in the event loop. "beforeExit" alone comes too early: a promise that was rejected in
 * the last turn is told only in the next one, if there is one.
 */
export function afterLastTurn(call: () => void): void {
  let last = false;
  process.on("beforeExit", () => {
    if (last) return call();
    setTimeout(() => {
      last = true;
      setImmediate(() => {
        last = false;
      }).unref();
    }, 0);
  });
}

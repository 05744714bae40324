// Where a worker keeps what it has run.
import { readFileSync } from "node:fs";
import { systemClock } from "../../runtime/clock.ts";
import { openStore } from "../../store/sqlite/open.ts";
import type { Store, Trouble } from "../../store/store.ts";
import { withoutLinks } from "../inside.ts";
import { openOutOfReach } from "../own-descriptor.ts";
import type { Spec } from "../spec.ts";

export function openHistory(
  { paths, history }: Spec,
  onTrouble: (trouble: Trouble | null) => void,
): Promise<Store> {
  return openStore({
    path: withoutLinks(paths.history),
    owner: process.pid,
    ...history,
    later: (call) => void setImmediate(call),
    onTrouble,
    openAside: openOutOfReach,
    now: systemClock.now,
    monotonic: systemClock.monotonic,
  });
}

/** Of random(4): another one after each boot. @returns null where there is none */
export function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}

// Asking a supervisor to become the djob executable that is on disk now, and seeing that it has.
import { askStatus, askUpgrade } from "../control/client.ts";
import type { DaemonStatus } from "../control/messages.ts";
import { exitCode } from "../exit-code.ts";
import { DjobError } from "./error.ts";
import type { Found, Place } from "./finding/locate.ts";
import { lookAtLock } from "./finding/pidfile.ts";

/** The new executable may take 5 s to tell its version. */
const answerMs = 15_000;
const replacedMs = 10_000;
const statusMs = 2_000;
const pollMs = 2;

export interface Upgraded {
  readonly from: DaemonStatus;
  readonly to: DaemonStatus;
}

/** @throws {DjobError} if the executable is refused, or did not come to answer */
export async function upgradeDaemon(
  { name, paths }: Place,
  { status: from }: Extract<Found, { life: "alive" }>,
): Promise<Upgraded> {
  const restart = `djob restart ${name} ends it and starts it with this djob`;
  if (from === null)
    throw new DjobError(exitCode.failed, `cannot upgrade ${name}: it does not answer`, restart);
  const report = await askUpgrade(paths.socket, answerMs);
  if (report === null)
    throw new DjobError(exitCode.failed, `cannot upgrade ${name}: it gave no answer`, restart);
  if (report.outcome === "refused")
    throw new DjobError(exitCode.failed, `cannot upgrade ${name}: ${report.failure}`, report.hint);
  const deadlineMs = performance.now() + replacedMs;
  while (performance.now() < deadlineMs) {
    const to = await askStatus(paths.socket, statusMs);
    if (to !== null && to.upgrades > from.upgrades) return { from, to };
    if (lookAtLock(paths.pidfile).state !== "held") break;
    await Bun.sleep(pollMs);
  }
  throw new DjobError(
    exitCode.notReady,
    `cannot upgrade ${name}: the new executable did not take over`,
    `see why: djob logs ${name}`,
  );
}

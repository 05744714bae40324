// Asking a daemon to load its modules anew, and hearing what came of it.
import { askReload, askStatus } from "../control/client.ts";
import { exitCode } from "../exit-code.ts";
import { DjobError } from "./error.ts";
import type { Found, Place } from "./finding/locate.ts";
import { lookAtLock } from "./finding/pidfile.ts";

type Alive = Extract<Found, { life: "alive" }>;

const pollMs = 5;
const answerMs = 2_000;
/** What a reload takes beyond its bounds: loading, and where there is no supervisor the end of the runs. */
const graceMs = 5_000;
const readyTimeoutMs = 30_000;

/** @throws {DjobError} with exit code 9 if the new code did not become ready */
export async function reloadDaemon(place: Place, { status, spec }: Alive): Promise<void> {
  const { name, paths } = place;
  if (status === null) {
    throw new DjobError(
      exitCode.failed,
      `cannot reload ${name}: it does not answer`,
      `it is being started, or a job blocks its event loop; djob restart ${name} ends it first`,
    );
  }
  const patienceMs = (spec?.readyTimeoutMs ?? readyTimeoutMs) + status.stopTimeoutMs + graceMs;
  const report = await askReload(paths.socket, patienceMs);
  if (report === null) throw new DjobError(exitCode.failed, `cannot reload ${name}: it gave no answer`);
  if (report.outcome === "failed") {
    const why = `cannot reload ${name}: ${report.failure}\nthe old code goes on`;
    throw new DjobError(exitCode.notReady, why, report.hint);
  }
  if (report.outcome === "replacing") await untilReplaced(place, status.startedAt, patienceMs);
}

/** Without a supervisor the daemon answers before it becomes the new code. */
async function untilReplaced(
  { name, paths }: Place,
  startedAt: string | null,
  patienceMs: number,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (performance.now() < deadlineMs) {
    const status = await askStatus(paths.socket, answerMs);
    if (status !== null && status.startedAt !== startedAt && status.state === "running") return;
    if (lookAtLock(paths.pidfile).state !== "held") break;
    await Bun.sleep(pollMs);
  }
  throw new DjobError(
    exitCode.notReady,
    `cannot reload ${name}: the new code did not become ready`,
    `see why: djob logs ${name}; with --restart on-failure the old code would go on`,
  );
}

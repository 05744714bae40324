// Loading modules without becoming a daemon: a scratch process in a session of its own loads them, tells what they
// declare, and is ended with everything that it started.
import { closeDescriptor, pipe } from "../../libc/files.ts";
import { becomeSubreaper } from "../../libc/process.ts";
import { spawn } from "../../libc/spawn.ts";
import type { CheckedJob } from "../../runtime/loading/examine.ts";
import { firstFreeDescriptor, readinessDescriptor, specDescriptor } from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { encodeSpec, type Spec } from "../spec.ts";
import { ownExecutable, processTitle, stageEnvironment } from "../stage.ts";
import { pipeWith } from "../starting/become.ts";
import { endStarted } from "../starting/end-started.ts";
import { notReady } from "../starting/not-ready.ts";
import { waitForVerdict } from "../starting/verdict.ts";

export interface Checked {
  readonly jobs: readonly CheckedJob[];
  /** What means something else than it may be thought to. */
  readonly warnings: readonly string[];
}

/** @throws {DjobError} with exit code 9 if the modules can't be loaded */
export async function checkModules(spec: Spec, environment: Environment): Promise<Checked> {
  becomeSubreaper(true);
  const readiness = pipe();
  const specEnd = pipeWith(encodeSpec(spec));
  const scratch = spawn({
    path: ownExecutable(),
    argv: [processTitle(spec)],
    environment: stageEnvironment("check", environment),
    descriptors: [
      { from: 0, to: 0 },
      // What the modules print is not the answer.
      { from: 2, to: 1 },
      { from: 2, to: 2 },
      { from: readiness.writeEnd, to: readinessDescriptor },
      { from: specEnd, to: specDescriptor },
    ],
    newSession: true,
    defaultSignals: "all",
    blockedSignals: [],
    closeFrom: firstFreeDescriptor,
  });
  closeDescriptor(specEnd);
  closeDescriptor(readiness.writeEnd);
  const verdict = await waitForVerdict(readiness.readEnd, spec.readyTimeoutMs, () => {});
  const ended = await endStarted({ leader: scratch, worker: null }, verdict.type === "closed");
  if (verdict.type === "checked") return verdict;
  throw notReady({ ...spec, paths: { ...spec.paths, log: null } }, verdict, ended, 0, "load");
}

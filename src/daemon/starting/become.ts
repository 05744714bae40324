// Becoming the daemon in this very process, by execve: what --foreground and a reload in place do.
import { closeDescriptor, duplicate, pipe, setCloseOnExec, writeAll } from "../../libc/files.ts";
import { replaceProcess } from "../../libc/process.ts";
import { blockSignals, setDisposition } from "../../libc/signals.ts";
import { lockDescriptor, specDescriptor } from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { heardSignals } from "../heard-signals.ts";
import { encodeSpec, type Spec } from "../spec.ts";
import { ownExecutable, processTitle, stageEnvironment } from "../stage.ts";

/** The locked pidfile is at its place already. @throws {SystemError} if the kernel refuses */
export function becomeDaemon(
  stage: "alone" | "lone-supervisor",
  spec: Spec,
  environment: Environment,
): never {
  const specEnd = pipeWith(encodeSpec(spec));
  duplicate(specEnd, specDescriptor);
  setCloseOnExec(specDescriptor, false);
  setCloseOnExec(lockDescriptor, false);
  // execve keeps what is ignored and what is blocked.
  setDisposition("SIGPIPE", "default");
  blockSignals(heardSignals);
  replaceProcess(ownExecutable(), [processTitle(spec)], stageEnvironment(stage, environment));
}

/** The read end of a pipe that holds a text already. Nobody reads yet, so it must fit: a spec is bounded. */
export function pipeWith(text: string): number {
  const { readEnd, writeEnd } = pipe();
  writeAll(writeEnd, Buffer.from(text));
  closeDescriptor(writeEnd);
  return readEnd;
}

// What a start says, and what --ok forgives.
import { askStatus } from "../control/client.ts";
import { DjobError } from "../daemon/error.ts";
import type { Spec } from "../daemon/spec.ts";
import type { Launched } from "../daemon/starting/launch.ts";
import { columns, type Output } from "./output.ts";
import { logTargetText } from "./show-status.ts";

const answerMs = 5_000;

export async function showStarted(spec: Spec, { pid, jobs }: Launched, output: Output): Promise<void> {
  const { name, modules, command, paths } = spec;
  if (output.json) {
    output.document(await askStatus(paths.socket, answerMs));
    return;
  }
  const rows = [
    ...modules.map((module) => ["  module", module]),
    ...(command === null ? [["  jobs", String(jobs)]] : [["  command", command.argv.join(" ")]]),
    ["  pidfile", paths.pidfile],
    ["  log", paths.log ?? logTargetText(spec.log.target.type)],
    ...(paths.logErr === null ? [] : [["  errors", paths.logErr]]),
    ["  socket", paths.socket],
  ];
  output.people.success(`${name} is running (pid ${pid})\n${columns(rows)}`);
}

/** Runs an action, and with --ok turns one kind of failure into a notice and success. @returns the exit code */
export async function tolerate(
  ok: boolean,
  code: number,
  output: Output,
  action: () => Promise<void>,
): Promise<number> {
  try {
    await action();
  } catch (error) {
    if (!ok || !(error instanceof DjobError) || error.code !== code) throw error;
    output.error(error);
  }
  return 0;
}

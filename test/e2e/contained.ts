// djob run --foreground as process 1 of a PID namespace of its own, made by unshare(1), as it is in a container.
import { onTestFinished } from "bun:test";
import { djobPath, until, type Workspace } from "./harness.ts";
import { processTable } from "./proc.ts";

export function contained(space: Workspace, ...args: string[]) {
  const child = Bun.spawn(
    ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", djobPath, "run", "--foreground", ...args],
    { cwd: space.dir, env: space.environment(), stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill("SIGKILL");
    await child.exited;
  });
  const shown = { out: "", err: "" };
  const collect = async (name: "out" | "err", stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) shown[name] += Buffer.from(chunk).toString();
  };
  const read = Promise.all([collect("out", child.stdout), collect("err", child.stderr)]);
  return {
    shown,
    /** Its pid as it is outside. */
    pid: () => until("it is there", () => processTable().find(({ parent }) => parent === child.pid)?.pid),
    async end(): Promise<number> {
      const code = await child.exited;
      await read;
      return code;
    },
  };
}

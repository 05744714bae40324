// What a service manager does for a daemon, for the tests: it receives what is told on NOTIFY_SOCKET.
import { onTestFinished } from "bun:test";
import { djobPath, until, type Workspace } from "./harness.ts";
import { program } from "./programs.ts";

export interface Told {
  readonly timeMs: number;
  readonly senderPid: number;
  readonly text: string;
}

export interface Receiver {
  readonly path: string;
  readonly told: readonly Told[];
  /** Those texts that are neither signs of life nor asks for more time. */
  news(): string[];
}

/** @param path absolute or "@" and a name */
export async function receiver(space: Workspace, path = space.path("notify.sock")): Promise<Receiver> {
  const child = Bun.spawn([program(space, "notify-receiver"), path], { stdout: "pipe", stderr: "inherit" });
  const lines = collect(child.stdout);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  await until("the socket is there", () => lines[0] === "bound");
  const told = (): Told[] =>
    lines.slice(1).map((line) => {
      const [time, pid, ...text] = line.split(" ");
      return { timeMs: Number(time), senderPid: Number(pid), text: text.join(" ") };
    });
  return {
    path,
    get told() {
      return told();
    },
    news: () =>
      told()
        .map(({ text }) => text)
        .filter((text) => !/^(WATCHDOG|EXTEND_TIMEOUT_USEC)=/.test(text)),
  };
}

/** djob run in the foreground of a service manager. It is killed after the test, should it still be there. */
export function startService(
  space: Workspace,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  before: readonly string[] = [],
) {
  const child = Bun.spawn([...before, djobPath, "run", ...args], {
    cwd: space.dir,
    env: space.environment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill("SIGKILL");
    await child.exited;
  });
  const lines = collect(child.stdout);
  const errors = collect(child.stderr);
  return { child, pid: child.pid, lines, errors };
}

/** The lines that have come so far, growing. */
function collect(stream: ReadableStream<Uint8Array>): string[] {
  const lines: string[] = [];
  void (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
    }
  })();
  return lines;
}

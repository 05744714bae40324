// djob logs -f as a test follows it.
import { expect } from "bun:test";
import type { Workspace } from "./harness.ts";

/** Starts djob logs -f, and says what it has shown. */
export function tailing(space: Workspace, args: readonly string[], env: Record<string, string> = {}) {
  const tail = space.start(["logs", ...args, "-f"], { env });
  const texts = { out: "", err: "" };
  const reading = (["out", "err"] as const).map(async (name) => {
    const stream: ReadableStream<Uint8Array> = name === "out" ? tail.stdout : tail.stderr;
    for await (const chunk of stream) texts[name] += Buffer.from(chunk).toString();
  });
  const end = async (code = 0) => {
    tail.kill("SIGINT");
    expect(await tail.exited).toBe(code);
    await Promise.all(reading);
  };
  return { texts, end, pid: tail.pid };
}

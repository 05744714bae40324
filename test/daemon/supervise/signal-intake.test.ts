// That no signal gets lost between the kernel and the listeners when its taking is held, at whatever moment it comes.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { heardSignals } from "../../../src/daemon/heard-signals.ts";
import { request, run } from "../../libc/children.ts";

test("each signal that comes around a hold is either heard before it or still pending after it", () => {
  const child = request([process.execPath, join(import.meta.dir, "signal-intake-child.ts")], {
    environment: { PATH: "/usr/bin:/bin", BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" },
    defaultSignals: "all",
    blockedSignals: heardSignals,
  });
  const { output, exitCode } = run(child);
  const [threads, counts] = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(threads).toEqual({ whileTaking: 1, whileHeld: 0 });
  expect(counts).toEqual({ wrong: 0, rounds: 2_000, pending: true, heard: 2_000 });
  expect(exitCode).toBe(0);
}, 60_000);

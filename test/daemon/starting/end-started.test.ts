import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { WorkerEnd } from "../../../src/daemon/starting/end-started.ts";

// "exec echo": a shell might reap its child, which the leader of a chain never does.
const fixture = new URL("end-started-child.ts", import.meta.url).pathname;

interface Outcome {
  readonly ended: WorkerEnd;
  /** Of the launcher, afterwards. */
  readonly children: readonly string[];
  /** Of the leader, the worker and whatever else was started. */
  readonly pids: readonly number[];
}

async function endStarted(script: string, dying: boolean): Promise<Outcome> {
  const child = Bun.spawn([process.execPath, fixture, script, dying ? "dying" : "alive"], { stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "" });
  const outcome: Outcome = JSON.parse(stdout);
  expect(outcome.children).toEqual([]);
  for (const pid of outcome.pids.filter((number) => number > 0))
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  return outcome;
}

test("a worker that died tells how: by its exit code", async () => {
  const { ended } = await endStarted("(exit 3) & exec echo $!", true);
  expect(ended).toMatchObject({ exitCode: 3, signal: null });
});

test("a worker that died tells how: by its signal", async () => {
  const { ended } = await endStarted("sh -c 'kill -SEGV $$' & exec echo $!", true);
  expect(ended).toMatchObject({ exitCode: null, signal: "SIGSEGV" });
});

test("a worker that still dies is given the time to, so that its own exit code is told", async () => {
  const { ended } = await endStarted("sh -c 'sleep 0.1; exit 9' & exec echo $!", true);
  expect(ended).toMatchObject({ exitCode: 9, signal: null });
});

test("a worker that hangs is killed, whatever it ignores", async () => {
  const { ended, pids } = await endStarted(
    "(trap '' TERM HUP INT; while :; do sleep 10; done) & echo $!",
    false,
  );
  expect(ended).toBe("killed");
  expect(pids.length).toBeGreaterThan(1);
});

test("a worker that is not known yet ends with its leader", async () => {
  const { ended } = await endStarted("echo 0; sleep 1000", false);
  expect(ended).toBe("killed");
});

test("what the worker left ends, too, also in sessions of its own and as grandchildren", async () => {
  const script = `sh -c 'setsid sleep 1000 & a=$!; (setsid setsid sleep 1000 & sleep 1000) & echo $$ $a $!; exec sleep 1000' &
    wait`;
  const { pids } = await endStarted(script, false);
  expect(pids.length).toBe(4);
});

// The module of an isolated job, which is loaded once more where the job runs.
import { expect, test } from "bun:test";
import { workspace } from "./harness.ts";
import { head, type RunDocument, start, triggered } from "./isolated.ts";

test("a module that does not load in a thread fails the run with its own error", async () => {
  const space = workspace();
  await start(space, `return 1;`, `warm: 0`, `if (!Bun.isMainThread) throw new Error("only once");`);
  const { run } = await triggered(space, "work");
  expect(run).toMatchObject({ outcome: "failed", error: { name: "IsolationError" } });
  const path = space.path("worker.ts");
  const message = run.error?.message ?? "";
  expect(message).toStartWith(`cannot load ${path} for an isolated run: Error: only once\n  at ${path}:`);
  expect(message).toContain("import.meta.main");
});

test("a job that its module declares only in the worker can't be found in a thread", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${head}if (import.meta.main) job("work", { every: "1h", isolate: true }, () => 1);\njob("x", "every 1h", () => {});`,
  );
  await space.run(["worker.ts"]);
  const { run } = await triggered(space, "work");
  expect(run.error?.message).toBe(
    `no job "work" with a handler was declared when ${space.path("worker.ts")} was loaded again for this run`,
  );
});

test("Cloudflare's form is isolated as well, and its noRetry holds", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `export default {
  crons: ["0 0 1 1 *"], isolate: true, retry: { attempts: 3, delay: "1ms" },
  scheduled(controller, env, ctx) {
    console.log("thread", !Bun.isMainThread, controller.cron);
    controller.noRetry();
    throw new Error("once");
  },
};`,
  );
  await space.run(["worker.ts"]);
  const { run, stdout } = await triggered(space, "scheduled 0 0 1 1 *");
  expect(stdout).toContain("thread true 0 0 1 1 *");
  expect(run satisfies RunDocument).toMatchObject({
    outcome: "failed",
    attempt: 1,
    error: { message: "once" },
  });
});

// What takes long is waited for, however long nothing is said meanwhile: the runtime would have a connection end after ten seconds
// without a byte on the one side, and after five minutes on the other, which a variable makes seconds here.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { workspace } from "./harness.ts";

const env = { BUN_CONFIG_HTTP_IDLE_TIMEOUT: "4" };
const silentMs = 13_500;

test("a run that says nothing, and modules that take their time to load", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { existsSync } from "node:fs";
    job("silent", "0 0 1 1 *", () => Bun.sleep(${silentMs}));
    if (existsSync(${JSON.stringify(space.path("slow"))})) await Bun.sleep(${silentMs});`,
  );
  await space.run(["worker.ts", "--stop-timeout", "1m"]);
  const waiting = space.djob(["trigger", "worker", "silent", "--wait"], { env });
  writeFileSync(space.path("slow"), "");
  const [waited, reloaded] = await Promise.all([waiting, space.djob(["reload", "worker"], { env })]);
  expect(waited).toMatchObject({ code: 0, stdout: expect.stringContaining(" succeeded"), stderr: "" });
  expect(reloaded).toMatchObject({ code: 0, stdout: expect.stringContaining("worker reloaded"), stderr: "" });
});

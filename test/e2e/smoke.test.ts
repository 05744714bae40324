import { expect, test } from "bun:test";
import { until, workspace } from "./harness.ts";

test("a worker with a job starts, runs, answers and stops", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    'import { job } from "djob"; job("tick", "every 50ms", () => console.log("ticked"));',
  );
  const pid = await space.run(["worker.ts"]);
  await until("the job has run", () => space.read("worker.log").includes("[tick] ticked"));
  expect(await space.status("worker")).toMatchObject({ name: "worker", state: "running", pid });
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  expect(space.has("worker.pid")).toBe(false);
});

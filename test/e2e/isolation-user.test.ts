// Isolated runs of a daemon that has become another user, or has another root directory.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { type Account, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { workspace } from "./harness.ts";
import { triggered } from "./isolated.ts";

const module = (isolate: string) => `import { job } from "djob";
job("work", { every: "1h", isolate: ${isolate} }, () => ({ uid: process.getuid?.(), gid: process.getgid?.(), groups: process.getgroups?.() }));`;

// Nobody else can become another user.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  test.each(["true", '"process"'])("with isolate: %s a run is the daemon's user", async (isolate) => {
    const space = workspace();
    openToOthers(space);
    space.write("worker.ts", module(isolate));
    await space.run(["worker.ts", "--user", account.name]);
    const { run } = await triggered(space, "work");
    const { uid, gid } = account;
    expect(run).toMatchObject({ outcome: "succeeded", result: { uid, gid } });
  });

  test("after a --chroot a thread runs, and a process says what is missing", async () => {
    const space = workspace();
    openToOthers(space);
    mkdirSync(space.path("jail"));
    for (const [isolate, outcome] of [
      ["true", "succeeded"],
      ['"process"', "failed"],
    ] as const) {
      space.write("jail/worker.ts", module(isolate));
      await space.run(["/worker.ts", "--chroot", "jail", "--restart", "never"]);
      const { stdout, stderr } = await space.djob(["trigger", "worker", "work", "--wait"]);
      expect({ isolate, stdout, stderr }).toMatchObject({
        stdout: expect.stringContaining(
          outcome === "failed" ? "it takes /proc and /dev inside" : "succeeded",
        ),
      });
      expect((await space.djob(["stop", "worker"])).code).toBe(0);
    }
  });
} else {
  test("a run is the daemon's user", async () => {
    const space = workspace();
    space.write("worker.ts", module('"process"'));
    await space.run(["worker.ts"]);
    expect((await triggered(space, "work")).run.result).toMatchObject({ uid: process.getuid?.() });
  });
}

// Rotation where the worker may not do it itself: its log is in root's directory, so root's supervisor does.
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { type Account, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { djobPath, until, workerOf, workspace } from "./harness.ts";

// Nobody else can become another user.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  test("root's supervisor rotates for a worker that has given up root, and jobs' own logs are rotated by that", async () => {
    const space = workspace();
    openToOthers(space);
    mkdirSync(space.state);
    chmodSync(space.state, 0o711);
    space.write(
      "worker.ts",
      `import { job } from "djob"; let n = 0;
      job("own", "always", async ({ signal }) => {
        for (let i = 0; i < 2_000; i += 1) console.log("own", i);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      });
      setInterval(() => { for (let i = 0; i < 100 && n < 5_000; i += 1) console.log("number", n++); }, 5);`,
    );
    const flags = ["--log-max-size", "32K", "--log-keep", "1000", "--log-compress", "none", "--log-per-job"];
    const pid = await space.run(["worker.ts", "--user", account.name, ...flags]);
    const filesIn = (directory: string, log: string) =>
      readdirSync(directory)
        .filter((name) => name.startsWith(log))
        .sort((one, other) => Number(one === log) - Number(other === log) || (one < other ? -1 : 1))
        .map((name) => join(directory, name));
    const numbersOf = (files: readonly string[], pattern: RegExp) =>
      [
        ...files
          .map((file) => readFileSync(file, "utf8"))
          .join("")
          .matchAll(pattern),
      ].map(([, digits]) => Number(digits));
    // The last line may be what has its file rotated.
    const has = (files: readonly string[], text: string) =>
      files.some((file) => existsSync(file) && readFileSync(file, "utf8").includes(text));
    await until("all is written", () => has(filesIn(space.state, "worker.log"), "number 4999\n"));
    await until("all own lines are written", () =>
      has(filesIn(space.path("state/worker.jobs"), "own.log"), "own 1999\n"),
    );
    const logs = filesIn(space.state, "worker.log");
    expect(logs.length).toBeGreaterThan(3);
    expect(numbersOf(logs, /number (\d+)$/gm)).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
    const own = filesIn(space.path("state/worker.jobs"), "own.log");
    expect(own.length).toBeGreaterThan(2);
    expect(numbersOf(own, /own (\d+)$/gm)).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
    for (const file of [...logs, ...own]) {
      const { uid, gid, mode } = statSync(file);
      expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: account.uid, gid: account.gid, mode: 0o640 });
    }
    const worker = await workerOf(space, "worker");
    await until("both write to the new file", () =>
      [pid, worker].every((each) => readlinkSync(`/proc/${each}/fd/1`) === join(space.state, "worker.log")),
    );
  });

  test("where no lease can be had, a rotated file is compressed an hour after its last line, and not before", async () => {
    const space = workspace();
    openToOthers(space);
    mkdirSync(space.state);
    chmodSync(space.state, 0o711);
    // In the order in which they are looked at.
    const [young, old] = [1, 2].map((day) => join(space.state, `worker.log.2026-01-0${day}T00-00-00.000Z`));
    const hoursAgo = (path = "", hours: number) => {
      const seconds = Date.now() / 1000 - hours * 3600;
      utimesSync(path, seconds, seconds);
    };
    for (const path of [old, young]) {
      writeFileSync(path ?? "", "a line\n");
      chownSync(path ?? "", account.uid, account.gid);
    }
    hoursAgo(old, 1.1);
    hoursAgo(young, 0.9);
    space.write("worker.ts", `import { job } from "djob"; job("never", "@yearly", () => {});`);
    // As in a container: root without CAP_LEASE gets no lease of another user's file (fcntl(2)).
    const drop = ["--bounding-set", "-lease", "--inh-caps", "-lease"];
    const started = Bun.spawnSync(
      ["setpriv", ...drop, djobPath, "run", "worker.ts", "--user", account.name, "--log-max-size", "1M"],
      { cwd: space.dir, env: space.environment(), stderr: "pipe" },
    );
    expect({ code: started.exitCode, stderr: started.stderr.toString() }).toEqual({ code: 0, stderr: "" });
    const { pid } = await space.status("worker");
    const effective = BigInt(
      `0x${/^CapEff:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]}`,
    );
    const leases = 1n << 28n;
    expect(effective & leases).toBe(0n);
    await until("the old one is compressed", () => existsSync(`${old}.zst`));
    expect(existsSync(young ?? "")).toBe(true);
    hoursAgo(young, 1.1);
    await until("the other one is compressed", () => existsSync(`${young}.zst`), 20_000);
    expect(zstdDecompressSync(readFileSync(`${young}.zst`)).toString()).toBe("a line\n");
    expect(existsSync(young ?? "")).toBe(false);
    expect(statSync(`${young}.zst`)).toMatchObject({ uid: account.uid, gid: account.gid });
  });
}

// A run history that can't be kept as it should: the daemon's jobs go on, its log says why, and so does its status.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { type StatusDocument, until, type Workspace, workspace } from "./harness.ts";

const module = `import { job } from "djob";
job("poll", "every 20ms", () => ({ text: "x".repeat(1_000) }));
job("yearly", "0 0 1 1 *", () => {});`;

const ways = [
  ["with a supervisor", []],
  ["without one", ["--restart", "never"]],
] as const;

async function historyOf(space: Workspace, env = {}): Promise<StatusDocument["history"]> {
  const { stdout } = await space.djob(["status", "worker", "--json"], { env });
  return (JSON.parse(stdout) as StatusDocument).history;
}

async function untilItRuns(space: Workspace, env = {}): Promise<void> {
  const last = async () => {
    const { stdout } = await space.djob(["status", "worker", "--json"], { env });
    return (JSON.parse(stdout) as StatusDocument).jobs[0]?.last?.scheduledAt;
  };
  const first = await until("it has run", last);
  await until("its runs go on", async () => (await last()) !== first);
}

async function started(space: Workspace, flags: readonly string[], env = {}): Promise<void> {
  space.write("worker.ts", module);
  await space.run(["worker.ts", ...flags], { env });
}

function command(...line: string[]): string {
  const { stderr } = Bun.spawnSync(line, { stderr: "pipe" });
  return stderr.toString();
}

/** A small disk of its own, in which the run history is, and nothing else. @returns the variables to call djob with */
function smallDisk(): { space: Workspace; disk: string; env: Record<string, string | undefined> } {
  const disk = mkdtempSync(join(tmpdir(), "djob-disk-"));
  expect(command("mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", disk)).toBe("");
  const space = workspace();
  onTestFinished(() => {
    command("umount", "-l", disk);
    rmSync(disk, { recursive: true });
  });
  const { state } = space;
  const places = { RUNTIME_DIRECTORY: state, LOGS_DIRECTORY: state, STATE_DIRECTORY: disk };
  return { space, disk, env: { DJOB_DIR: undefined, ...places } };
}

describe.each(ways)("%s", (_way, flags) => {
  test("one that is well is told, with its path", async () => {
    const space = workspace();
    await started(space, flags);
    const path = join(space.state, "worker.db");
    expect(await space.status("worker")).toMatchObject({
      paths: { history: path },
      history: { path, state: "ok", reason: null },
    });
    expect((await space.djob(["status", "worker"])).stdout).toMatch(/^ {2}history {2}\S+\/worker\.db$/m);
  });

  test("one that is corrupt is set aside", async () => {
    const space = workspace();
    mkdirSync(space.state, { mode: 0o700 });
    const text = "no database\n".repeat(500);
    writeFileSync(join(space.state, "worker.db"), text);
    await started(space, flags);
    const { state, reason } = await historyOf(space);
    expect({ state, reason }).toEqual({
      state: "set-aside",
      reason: expect.stringContaining("it is kept as"),
    });
    const [aside = ""] = readdirSync(space.state).filter((name) => name.includes("corrupt"));
    expect(readFileSync(join(space.state, aside), "utf8")).toBe(text);
    expect(space.read("worker.log")).toContain(`ERROR run history: ${reason}`);
    expect((await space.djob(["status", "worker"])).stdout).toContain(`worker.db begun anew: ${reason}`);
    await untilItRuns(space);
  });

  test("one of a newer version is left alone", async () => {
    const space = workspace();
    await started(space, flags);
    await space.djob(["stop", "worker"]);
    const path = join(space.state, "worker.db");
    const newer = `PRAGMA journal_mode=DELETE; PRAGMA user_version=99`;
    const { Database } = await import("bun:sqlite");
    const database = new Database(path);
    database.exec(newer);
    database.close();
    const before = readFileSync(path);
    await started(space, flags);
    const { state, reason } = await historyOf(space);
    expect({ state, reason }).toEqual({
      state: "memory",
      reason: expect.stringContaining("a newer djob made it"),
    });
    expect(space.read("worker.log")).toContain(`ERROR run history: ${reason}`);
    expect((await space.djob(["status", "worker"])).stdout).toContain(
      "kept in memory only, until the worker",
    );
    await untilItRuns(space);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  if (isRoot) {
    test("one on a read-only disk is kept in memory", async () => {
      const { space, disk, env } = smallDisk();
      expect(command("mount", "-o", "remount,ro", disk)).toBe("");
      await started(space, flags, env);
      const { state, reason } = await historyOf(space, env);
      expect({ state, reason }).toEqual({ state: "memory", reason: expect.stringContaining("EROFS") });
      expect(space.read("worker.log")).toContain(`ERROR run history: ${reason}`);
      await untilItRuns(space, env);
    });
  }
});

// Nobody else can become another user.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  test("one on a full disk is tried again, and loses nothing when there is room", async () => {
    const { space, disk, env } = smallDisk();
    await started(space, [], env);
    await untilItRuns(space, env);
    command("dd", "if=/dev/zero", `of=${disk}/filler`, "bs=64k");
    const { reason } = await until("it is noticed", async () => {
      const history = await historyOf(space, env);
      return history.state === "degraded" && history;
    });
    expect(space.read("worker.log")).toContain(`ERROR run history: ${reason}`);
    expect((await space.djob(["status", "worker"], { env })).stdout).toContain(
      "until it can be written again",
    );
    await untilItRuns(space, env);
    // The disk has as much room as before, and more than the log of the database needs.
    rmSync(`${disk}/filler`);
    await until("it is written again", async () => (await historyOf(space, env)).state === "ok");
    expect(space.read("worker.log")).toContain("INFO  run history: it is written again");
    await space.djob(["stop", "worker"], { env });
    const { stdout } = await space.djob(["runs", "worker", "poll", "--json", "--limit", "10000"], { env });
    const times = (JSON.parse(stdout) as Array<{ scheduledAt: string }>).map(({ scheduledAt }) =>
      Date.parse(scheduledAt),
    );
    const gaps = times.slice(1).filter((time, index) => (times[index] ?? 0) - time !== 20);
    expect({ gaps, many: times.length > 50 }).toEqual({ gaps: [], many: true });
  });

  const jobs = ["poll", "yearly"];
  const runsOf = async (space: Workspace) => {
    const { code, stdout, stderr } = await space.djob(["runs", "worker", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return (JSON.parse(stdout) as Array<{ job: string; outcome: string }>).filter(({ job }) =>
      jobs.includes(job),
    );
  };

  test("runs of a daemon that was another user are shown when it does not run, and read as that user", async () => {
    const space = workspace();
    openToOthers(space);
    await started(space, ["--user", account.name]);
    const path = join(space.state, "worker.history/worker.db");
    expect((await space.status("worker")).history).toEqual({ path, state: "ok", reason: null });
    await untilItRuns(space);
    await space.djob(["stop", "worker"]);
    expect(await space.status("worker")).toMatchObject({
      paths: { history: path },
      history: { state: null },
    });
    expect((await runsOf(space)).length).toBeGreaterThan(0);
    // What that user may not read is not read for it.
    rmSync(path);
    Bun.spawnSync(["ln", "-s", "/etc/shadow", path]);
    Bun.spawnSync(["chown", "-h", `${account.uid}`, path]);
    const { code, stdout, stderr } = await space.djob(["runs", "worker"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("is a symbolic link");
    expect(statSync(join(space.state, "worker.history")).uid).toBe(account.uid);
  });

  test.each([
    ["root", () => []],
    ["another user", () => ["--user", account.name]],
  ])(
    "runs of a daemon in another root directory, as %s, are shown when it does not run",
    async (_who, flags) => {
      const space = workspace();
      openToOthers(space);
      mkdirSync(space.path("jail/app"), { recursive: true });
      space.write("jail/app/worker.ts", module);
      await space.run(["/app/worker.ts", "--chroot", "jail", ...flags()]);
      await untilItRuns(space);
      const { history, paths } = await space.status("worker");
      expect(history).toEqual({ path: paths.history, state: "ok", reason: null });
      expect(history.path).toStartWith(space.path("jail/"));
      expect(statSync(history.path).isFile()).toBe(true);
      await space.djob(["stop", "worker"]);
      expect((await runsOf(space)).length).toBeGreaterThan(0);
      // A daemon of this name that is none of these has its history where it is usually.
      rmSync(join(space.state, "worker.log"));
      await started(space, []);
      expect((await space.status("worker")).history.path).toBe(join(space.state, "worker.db"));
      await space.djob(["stop", "worker"]);
      expect((await space.status("worker")).history.path).toBe(join(space.state, "worker.db"));
    },
  );
}

// Rotation for a worker inside another root directory: its supervisor, which is outside, rotates and hands the new files in.
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { type Account, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { until, type Workspace, workerOf, workspace } from "./harness.ts";

const lines = 6_000;
/** Writes numbered lines, some of them by a child's descriptor 2, and goes on with the next number after a restart or reload. */
const module = `import { job } from "djob"; import { existsSync, readFileSync, writeFileSync } from "node:fs";
const kept = "/data/count"; let n = existsSync(kept) ? Number(readFileSync(kept, "utf8")) : 0;
job("count", "every 5ms", ({ log }) => {
  for (let i = 0; i < 20 && n < ${lines}; i += 1) { log.info("number " + n); log.error("error " + n); n += 1; }
  writeFileSync(kept, String(n));
});`;

function filesOf(space: Workspace, log: string): string[] {
  return readdirSync(space.state)
    .filter((name) => name === log || (name.startsWith(`${log}.2`) && !name.endsWith(".tmp")))
    .sort((one, other) => Number(one === log) - Number(other === log) || (one < other ? -1 : 1))
    .map((name) => join(space.state, name));
}

/** A name that changes meanwhile is looked for again. */
function textOf(space: Workspace, log: string): string {
  for (;;) {
    try {
      return filesOf(space, log)
        .map((path) =>
          (path.endsWith(".zst") ? zstdDecompressSync(readFileSync(path)) : readFileSync(path)).toString(),
        )
        .join("");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}

const numbersIn = (text: string, word: string) =>
  [...text.matchAll(new RegExp(`${word} (\\d+)$`, "gm"))].map(([, digits]) => Number(digits));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const inodeAt = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino;

// Nobody else can have another root directory.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  const jailed = () => {
    const space = workspace();
    openToOthers(space);
    mkdirSync(space.state);
    chmodSync(space.state, 0o711);
    space.write("jail/app/worker.ts", module);
    mkdirSync(space.path("jail/data"));
    chmodSync(space.path("jail/data"), 0o1777);
    return space;
  };

  test.each(["root", "a user"])(
    "as %s: each line is in exactly one file, through rotations and a reload, and what is old is compressed",
    async (who) => {
      const space = jailed();
      const user = who === "root" ? [] : ["--user", account.name];
      const owner = who === "root" ? { uid: 0, gid: 0 } : { uid: account.uid, gid: account.gid };
      const flags = [
        "--chroot",
        "jail",
        ...user,
        "--log-split",
        "--log-max-size",
        "32K",
        "--log-keep",
        "1000",
      ];
      const pid = await space.run(["/app/worker.ts", ...flags]);
      await until("it rotates", () => filesOf(space, "worker.log").length > 3);
      expect((await space.djob(["reload", "worker"])).code).toBe(0);
      await until("all is written", () => textOf(space, "worker.err.log").includes(`error ${lines - 1}\n`));
      for (const [log, word] of [
        ["worker.log", "number"],
        ["worker.err.log", "error"],
      ] as const) {
        const text = textOf(space, log);
        const written = text.split("\n").filter((line) => line.includes(`${word} `));
        expect(new Set(written).size).toBe(written.length);
        const numbers = numbersIn(text, word);
        // While one worker takes over from another both may count the same.
        expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(upTo(lines));
        const files = filesOf(space, log);
        expect(files.length).toBeGreaterThan(6);
        for (const file of files) {
          const { uid, gid, mode } = statSync(file);
          expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...owner, mode: 0o640 });
        }
      }
      const worker = await workerOf(space, "worker");
      await until("both processes write to the new files", () =>
        [pid, worker].every(
          (each) =>
            inodeAt(`/proc/${each}/fd/1`) === inodeAt(`${space.state}/worker.log`) &&
            inodeAt(`/proc/${each}/fd/2`) === inodeAt(`${space.state}/worker.err.log`),
        ),
      );
      // A directory that is open would lead out.
      const open = readdirSync(`/proc/${worker}/fd`).flatMap(
        (fd) => statSync(`/proc/${worker}/fd/${fd}`, { throwIfNoEntry: false }) ?? [],
      );
      expect(open.filter((stats) => stats.isDirectory())).toEqual([]);
      await until(
        "what is old is compressed",
        () =>
          filesOf(space, "worker.log")
            .slice(0, -1)
            .every((file) => file.endsWith(".zst")),
        30_000,
      );
      expect((await space.status("worker")).log).toMatchObject({ state: "ok", lostLines: 0 });
    },
  );

  test("after logrotate's create and USR1, and when the log was removed, it goes on in the file at the path", async () => {
    const space = jailed();
    const pid = await space.run([
      "/app/worker.ts",
      "--chroot",
      "jail",
      "--user",
      account.name,
      "--log-max-size",
      "none",
    ]);
    const log = join(space.state, "worker.log");
    const last = () => numbersIn(readFileSync(log, "utf8"), "number").at(-1) ?? -1;
    await until("it writes", () => last() > 100);
    renameSync(log, `${log}.1`);
    writeFileSync(log, "");
    process.kill(pid, "SIGUSR1");
    await until("it writes to the new one", () => last() > 200);
    rmSync(log);
    await until("it is made again", () => inodeAt(log) !== undefined && last() > 300);
    // What came between the removal and the moment in which the worker has the new file may be gone: one row, and none before or after.
    const numbers = numbersIn(readFileSync(log, "utf8"), "number");
    const gaps = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
    expect(gaps.length).toBeLessThanOrEqual(1);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test("a worker that was killed, and one that holds up its event loop, go on in the new file", async () => {
    const space = jailed();
    space.write(
      "jail/app/worker.ts",
      `import { job } from "djob"; let n = 0;
      process.on("SIGUSR2", () => { const end = Date.now() + 300; for (let n = 0; Date.now() < end; n += 1) console.log("flood " + n); });
      job("tick", "every 10ms", () => { console.log("tick"); });`,
    );
    await space.run([
      "/app/worker.ts",
      "--chroot",
      "jail",
      "--log-max-size",
      "16K",
      "--log-compress",
      "none",
      "--restart-delay",
      "10ms",
      "--log-keep",
      "9999",
    ]);
    const worker = await workerOf(space, "worker");
    process.kill(worker, "SIGUSR2");
    const log = join(space.state, "worker.log");
    await until(
      "it writes to another one",
      () =>
        inodeAt(`/proc/${worker}/fd/1`) === inodeAt(log) &&
        /tick\n$/.test(readFileSync(log, "utf8")) &&
        filesOf(space, "worker.log").length > 1,
    );
    const flood = numbersIn(textOf(space, "worker.log"), "flood");
    expect(flood.length).toBeGreaterThan(1_000);
    expect(flood).toEqual(upTo(flood.length));
    process.kill(worker, "SIGKILL");
    const next = await until("another one works", async () => {
      const { state, workerPid } = await space.status("worker");
      return state === "running" && workerPid !== worker && workerPid;
    });
    const before = filesOf(space, "worker.log").length;
    process.kill(next, "SIGUSR2");
    await until(
      "it rotates",
      () => filesOf(space, "worker.log").length > before && inodeAt(`/proc/${next}/fd/1`) === inodeAt(log),
    );
  });
}

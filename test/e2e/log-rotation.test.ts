// Rotation by whoever writes the log: nothing is lost, nothing is twice, and what is old is compressed and removed as the flags say.
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { soakLogs } from "../../scripts/soak-logs.ts";
import { isAlive, until, type Workspace, workerOf, workspace } from "./harness.ts";

const rotated = (space: Workspace, log = "worker.log", ending = "") => {
  const pattern = /^\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z(?:-\d+)?(\.gz|\.zst)?$/;
  return readdirSync(space.state)
    .filter((name) => name.startsWith(log) && pattern.test(name.slice(log.length)) && name.endsWith(ending))
    .sort()
    .map((name) => join(space.state, name));
};

function textOf(path: string): string {
  const bytes = readFileSync(path);
  if (path.endsWith(".gz")) return gunzipSync(bytes).toString();
  return (path.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes).toString();
}

/** Of all files; a name that changes meanwhile is looked for again. */
function allText(space: Workspace): string {
  for (;;) {
    try {
      return [...rotated(space), join(space.state, "worker.log")].map(textOf).join("");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
}
const numbersIn = (text: string) => [...text.matchAll(/number (\d+)$/gm)].map((match) => Number(match[1]));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Writes so many numbered lines in one go, then stays. */
const flood = (count: number, more = "") => `import { job } from "djob";
${more}
job("flood", "always", async ({ signal }) => {
  for (let n = 0; n < ${count}; n += 1) console.log("number", n);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});`;

async function running(space: Workspace, code: string, ...flags: string[]): Promise<number> {
  space.write("worker.ts", code);
  return await space.run(["worker.ts", ...flags]);
}

test("a log that is full is rotated in the middle of a turn, and each line is in exactly one file", async () => {
  const space = workspace();
  const pid = await running(space, flood(20_000), "--log-max-size", "64K", "--log-keep", "1000");
  await until("all is written", () => allText(space).includes("number 19999\n"));
  expect(numbersIn(allText(space))).toEqual(upTo(20_000));
  const files = rotated(space);
  expect(files.length).toBeGreaterThan(12);
  for (const file of files.filter((name) => name.endsWith("Z"))) {
    expect(statSync(file).size).toBeGreaterThanOrEqual(65_536);
    expect(statSync(file).size).toBeLessThan(65_536 + 200);
    expect(statSync(file).mode & 0o777).toBe(0o640);
  }
  await until("both processes write to the new file", async () => {
    const pids = [pid, await workerOf(space, "worker")];
    return pids.every((each) =>
      [1, 2].every((fd) => readlinkSync(`/proc/${each}/fd/${fd}`) === join(space.state, "worker.log")),
    );
  });
});

test.each(["gzip", "zstd"] as const)(
  "%s: rotated files are compressed, with mode and time kept, and only so many",
  async (method) => {
    const space = workspace();
    const flags = ["--log-max-size", "32K", "--log-keep", "3", "--log-compress", method];
    await running(space, flood(6_000), ...flags);
    const ending = method === "gzip" ? ".gz" : ".zst";
    const files = await until("the last ones are compressed", () => {
      const all = rotated(space);
      return all.length === 3 && all.every((name) => name.endsWith(ending)) && all;
    });
    for (const file of files) {
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(textOf(file).length).toBeGreaterThanOrEqual(32_768);
      // RFC 8878, 3.1.1.1.1: with a checksum, as gzip always has one.
      if (method === "zstd") expect((readFileSync(file)[4] ?? 0) & 0x04).toBe(0x04);
    }
    const numbers = numbersIn(allText(space));
    expect(numbers).toEqual(upTo(6_000).slice(-numbers.length));
    expect(readdirSync(space.state).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  },
);

test("--log-total bounds all of the logs together", async () => {
  const space = workspace();
  const code = `for (let n = 0; n < 8000; n += 1) { console.log("number", n); console.error("error", n); } setInterval(() => {}, 1e6);`;
  await running(
    space,
    code,
    "--log-split",
    "--log-total",
    "200K",
    "--log-compress",
    "none",
    "--log-keep",
    "100",
  );
  await until("all is written", () => space.read("worker.err.log").includes("error 7999\n"));
  const names = readdirSync(space.state).filter((name) => /\.log/.test(name));
  expect(names.filter((name) => name.includes("err.log.")).length).toBeGreaterThan(0);
  const bytes = names.reduce((sum, name) => sum + statSync(join(space.state, name)).size, 0);
  expect(bytes).toBeLessThanOrEqual(200 * 1024);
  expect(bytes).toBeGreaterThan(100 * 1024);
});

test("--log-max-age rotates a log that nobody writes to any more, but not an empty one", async () => {
  const space = workspace();
  await running(space, flood(1), "--log-max-age", "1s", "--log-compress", "none");
  await until("it is rotated", () => rotated(space).length === 1 && space.read("worker.log") === "");
  await until(
    "the new one is as old",
    () => Date.now() - statSync(join(space.state, "worker.log")).birthtimeMs > 2_500,
  );
  expect(rotated(space)).toHaveLength(1);
});

test("a child that holds an old file goes on writing to it, and it is compressed when the child has ended", async () => {
  const space = workspace();
  const go = space.path("go");
  const child = `const child = Bun.spawn(["sh", "-c", "echo first; while [ ! -e ${go} ]; do sleep 0.02; done; echo last words"], { stdio: ["ignore", "inherit", "inherit"] });`;
  await running(space, flood(3_000, child), "--log-max-size", "32K");
  const held = await until("it is rotated", () => rotated(space)[0]);
  await until("others are compressed", () => rotated(space, "worker.log", ".zst").length > 0);
  expect(existsSync(held)).toBe(true);
  writeFileSync(go, "");
  const compressed = await until(
    "it is compressed",
    () => existsSync(`${held}.zst`) && `${held}.zst`,
    20_000,
  );
  expect(textOf(compressed)).toContain("\nlast words\n");
  expect(allText(space).match(/^(first|last words)$/gm)).toEqual(["first", "last words"]);
});

test("the next start finishes what a rotation was killed at, and leaves alone what is not djob's", async () => {
  const space = workspace();
  mkdirSync(space.state);
  chmodSync(space.state, 0o700);
  const at = (name: string) => join(space.state, name);
  const stamps = upTo(7).map((n) => `worker.log.2026-01-0${n + 1}T00-00-00.000Z`);
  const [plain = "", half = "", replaced = "", done = "", linked = "", ...others] = stamps;
  writeFileSync(at(plain), "plain\n");
  writeFileSync(at(half), "half\n");
  writeFileSync(at(`${half}.zst.tmp`), "garbage");
  // Between the two renames: the compressed text has its place, but not its ending.
  writeFileSync(at(replaced), gzipSync("replaced\n"));
  writeFileSync(at(`${done}.gz`), gzipSync("done\n"));
  writeFileSync(space.path("precious"), "precious\n");
  symlinkSync(space.path("precious"), at(linked));
  linkSync(space.path("precious"), at(others[0] ?? ""));
  const foreign = [
    "worker.log.1",
    "worker.log.2.gz",
    "worker.log-20260101",
    "worker.log.2026-01-09T00-00-00.000Z.bak",
    "other.log.2026-01-01T00-00-00.000Z",
  ];
  for (const name of foreign) writeFileSync(at(name), "theirs\n");
  // It was to become the log, and would count as one of those that are kept.
  const empty = at(others[1] ?? "");
  writeFileSync(empty, "");
  await running(space, flood(10), "--log-keep", "10");
  const compressed = [`${plain}.zst`, `${half}.zst`, `${replaced}.gz`];
  await until("all are compressed", () => compressed.every((name) => existsSync(at(name))));
  expect(textOf(at(`${plain}.zst`))).toBe("plain\n");
  expect(textOf(at(`${half}.zst`))).toBe("half\n");
  expect(textOf(at(`${replaced}.gz`))).toBe("replaced\n");
  expect(textOf(at(`${done}.gz`))).toBe("done\n");
  for (const name of [plain, half, replaced, `${half}.zst.tmp`]) expect(existsSync(at(name))).toBe(false);
  await until("the empty one is gone", () => !existsSync(empty));
  await space.djob(["restart", "worker"]);
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  await space.run(["worker.ts", "--log-keep", "0"]);
  await until("its own are gone", () => !existsSync(at(`${done}.gz`)) && !existsSync(at(`${plain}.zst`)));
  for (const name of foreign) expect(readFileSync(at(name), "utf8")).toBe("theirs\n");
  expect(readlinkSync(at(linked))).toBe(space.path("precious"));
  expect(readFileSync(at(others[0] ?? ""), "utf8")).toBe("precious\n");
});

test("eight writers, rotations, SIGKILLs and a reload: each line is there exactly once", async () => {
  const space = workspace();
  mkdirSync(space.state);
  const report = await soakLogs({
    lines: 160_000,
    rotations: 200,
    kills: 4,
    compression: "zstd",
    directory: space.state,
    environment: space.environment({ DJOB_DIR: undefined }),
  });
  expect(report).toMatchObject({ errors: [] });
  expect(report.lines).toBeGreaterThan(160_000);
  expect(report.files).toBeGreaterThan(20);
});

for (const [name, directive] of [
  [
    "create and USR1",
    (pid: string) => `create 0640\n  postrotate\n    kill -USR1 $(cat ${pid})\n  endscript`,
  ],
  ["copytruncate", () => "copytruncate"],
] as const) {
  test(`logrotate itself, with ${name}`, async () => {
    const space = workspace();
    mkdirSync(space.state);
    chmodSync(space.state, 0o700);
    const log = join(space.state, "worker.log");
    const config = space.write(
      "logrotate.conf",
      `${log} {\n  rotate 10000\n  size 1\n  dateext\n  dateformat .%Y-%m-%d-%s-${"x"}\n  ${directive(join(space.state, "worker.pid"))}\n}\n`,
    );
    chmodSync(config, 0o600);
    let turns = 0;
    const rotate = () => {
      turns += 1;
      // dateformat has whole seconds: each turn's files get a number of their own.
      writeFileSync(
        config,
        readFileSync(config, "utf8").replace(/%s-\w+/, `%s-${String(turns).padStart(6, "0")}`),
      );
      const { exitCode, stderr } = Bun.spawnSync([
        "logrotate",
        "--state",
        space.path("rotate.state"),
        config,
      ]);
      if (exitCode !== 0) throw new Error(`logrotate: ${stderr}`);
    };
    if (name === "copytruncate") {
      // What is written between its copy and its truncation is lost, whoever writes: so nothing is.
      await running(
        space,
        `import { job } from "djob"; let n = 0; process.on("SIGUSR2", () => { for (let i = 0; i < 10; i += 1) console.log("number", n++); }); job("hourly", "@hourly", () => {});`,
      );
      const worker = await workerOf(space, "worker");
      for (let turn = 1; turn <= 5; turn += 1) {
        process.kill(worker, "SIGUSR2");
        await until("it writes", () => space.read("worker.log").includes(`number ${turn * 10 - 1}\n`));
        rotate();
        expect(statSync(log).size).toBe(0);
      }
      const old = readdirSync(space.state)
        .filter((file) => /^worker\.log\.\d{4}-/.test(file))
        .sort();
      expect(numbersIn(old.map((file) => readFileSync(join(space.state, file), "utf8")).join(""))).toEqual(
        upTo(50),
      );
      expect(isAlive(worker)).toBe(true);
      return;
    }
    const environment = space.environment({ DJOB_DIR: undefined });
    const report = await soakLogs({
      lines: 80_000,
      kills: 1,
      rotations: 20,
      compression: "none",
      directory: space.state,
      environment,
      rotate,
    });
    expect(report).toMatchObject({ errors: [] });
    expect(report.files).toBeGreaterThan(3);
    expect(turns).toBeGreaterThan(3);
  });
}

const relay = (inner: string) => `const inner = ${inner};
  inner.onmessage = ({ data }) => postMessage(data); self.onmessage = ({ data }) => inner.postMessage(data);`;

test.each([
  ["a Web Worker", null],
  ["a Web Worker of a Web Worker", `new Worker(new URL("thread.ts", import.meta.url).href)`],
  [
    "a Web Worker of a Web Worker that has a preload of its own",
    `new Worker(new URL("thread.ts", import.meta.url).href, { preload: new URL("preloaded.ts", import.meta.url).pathname })`,
  ],
] as const)("process.stdout of %s goes on in the new file after a rotation", async (_what, inner) => {
  const space = workspace();
  space.write("preloaded.ts", "process.stdout.write('preloaded\\n');");
  space.write(
    "thread.ts",
    `let n = 0; self.onmessage = () => { for (let i = 0; i < 1000; i += 1) process.stdout.write("number " + n++ + "\\n"); postMessage(n); };`,
  );
  space.write("outer.ts", relay(inner ?? ""));
  const thread = `const worker = new Worker(new URL("${inner === null ? "thread" : "outer"}.ts", import.meta.url).href);
    worker.onmessage = ({ data }) => { console.log("x".repeat(2000)); if (data < 5000) worker.postMessage(null); };
    worker.postMessage(null);`;
  const flags = ["--log-max-size", "16K", "--log-keep", "1000", "--log-compress", "none"];
  await running(space, `${thread}\nsetInterval(() => {}, 1e6);`, ...flags);
  await until("all is written", () => allText(space).includes("number 4999\n"));
  expect(numbersIn(allText(space))).toEqual(upTo(5_000));
  const [first = "", second] = rotated(space);
  expect(second).toBeDefined();
  expect(numbersIn(textOf(first)).length).toBeLessThan(3_000);
  expect(allText(space).includes("preloaded\n")).toBe(inner?.includes("preload") === true);
});

test("a child of a Web Worker gets the environment without djob's own variables", async () => {
  const space = workspace();
  space.write("thread.ts", `postMessage(Bun.spawnSync(["env"]).stdout.toString());`);
  const code = `new Worker(new URL("thread.ts", import.meta.url).href).onmessage = ({ data }) => console.log("children have", data, "end");
    setInterval(() => {}, 1e6);`;
  await running(space, code);
  const text = await until("it has come", () => /children have .* end/s.exec(space.read("worker.log"))?.[0]);
  expect(text).toContain("PATH=");
  for (const own of ["DJOB_STAGE", "DJOB_SUPERVISOR", "BUN_GC_TIMER"]) expect(text).not.toContain(own);
});

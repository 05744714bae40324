// djob logs on logs of several files, forms and daemons: what is shown, in what form, and what is refused.
import { expect, test } from "bun:test";
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";
import { tailing } from "./tailing.ts";

const day = "2026-11-26";
const at = (time: string) => `${day}T${time}.000Z`;
const stamped = (time: string) => `worker.log.${day}T${time.replaceAll(":", "-")}.000Z`;

function put(space: Workspace, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(`${space.state}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    writeFileSync(`${space.state}/${name}`, content);
  }
}

const files = {
  [`${stamped("04:00:00")}.gz`]: gzipSync(
    `${at("03:00:00")} INFO  [poll] one\n${at("03:30:00")} ERROR [report] two\n  Error: no\n      at there\n`,
  ),
  [`${stamped("05:00:00")}.zst`]: zstdCompressSync(
    `{"time":"${at("04:30:00")}","level":"warn","job":"poll","run":"poll@${at("04:30:00")}","attempt":1,"message":"three \\"3\\""}\n`,
  ),
  [stamped("06:00:00")]:
    `time=${at("05:30:00")} level=info job=report run=report@${at("05:30:00")} attempt=2 msg="four 4" a=1\nraw of a child\n`,
  [`${stamped("06:00:00")}.gz`]: "not whole yet",
  "worker.log": `${at("06:30:00")} WARN  [poll] five { ms: 5 }\n`,
};

async function lines(space: Workspace, args: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await space.djob(["logs", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").slice(0, -1);
}

/** The words by which the records of `files` are told apart. */
async function numbers(space: Workspace, args: readonly string[]): Promise<string> {
  const all = (await lines(space, ["worker", ...args])).join("\n");
  return (all.match(/\b(one|two|three|four|five|raw of)\b/g) ?? []).join(" ");
}

test("rotated and compressed files are gone through in the order of time, and filtered", async () => {
  const space = workspace();
  put(space, files);
  for (const [args, expected] of [
    [[], "one two three four raw of five"],
    [["-n", "2"], "raw of five"],
    [["-n", "4"], "three four raw of five"],
    [["--since", at("04:30:00")], "three four raw of five"],
    [["--since", at("03:15:00"), "--until", at("05:30:00")], "two three four raw of"],
    [["--until", at("04:00:00"), "-n", "1"], "two"],
    [["--level", "warn"], "two three five"],
    [["--level", "ERROR"], "two"],
    [["--job", "poll"], "one three five"],
    [["--job", "poll", "-n1"], "five"],
    [["--grep", "^t|at there$"], "two three"],
    [["--grep", 'three "3"'], "three"],
    [["--grep", "raw|ms: \\d"], "raw of five"],
  ] as const) {
    expect({ args, found: await numbers(space, args) }).toEqual({ args, found: expected });
  }
});

test("of a run that the history does not know, records that name it are shown", async () => {
  const space = workspace();
  put(space, files);
  const { code, stdout, stderr } = await space.djob(["logs", "worker", "--run", `report@${at("05:30:00")}`]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `${files[stamped("06:00:00")]}`.replace("raw of a child\n", ""),
  });
  expect(stderr).toContain("the run history does not know it");
});

test("--json is one object a record, whatever its form", async () => {
  const space = workspace();
  put(space, files);
  const objects = (await lines(space, ["worker", "--json", "-n", "all"])).map((line) => JSON.parse(line));
  expect(objects).toEqual([
    { time: at("03:00:00"), daemon: "worker", level: "info", job: "poll", message: "one" },
    {
      time: at("03:30:00"),
      daemon: "worker",
      level: "error",
      job: "report",
      message: "two\nError: no\n    at there",
    },
    {
      time: at("04:30:00"),
      daemon: "worker",
      level: "warn",
      job: "poll",
      run: `poll@${at("04:30:00")}`,
      attempt: 1,
      message: 'three "3"',
    },
    {
      time: at("05:30:00"),
      daemon: "worker",
      level: "info",
      job: "report",
      run: `report@${at("05:30:00")}`,
      attempt: 2,
      message: "four 4",
      fields: { a: "1" },
    },
    { time: at("05:30:00"), daemon: "worker", message: "raw of a child" },
    { time: at("06:30:00"), daemon: "worker", level: "warn", job: "poll", message: "five { ms: 5 }" },
  ]);
});

test("several daemons are one log, by time, each line with its name; --all are all of them", async () => {
  const space = workspace();
  put(space, {
    "web.log": `${at("01:00:00")} INFO  a\n${at("03:00:00")} ERROR c\n  more\n`,
    "mailer.log": `${at("02:00:00")} INFO  b\nraw\n`,
    "mailer.err.log": `${at("02:30:00")} WARN  [send] late\n`,
    "mailer.jobs/send%2Fmail.log": `${at("02:45:00")} INFO  [send/mail] sent\n`,
  });
  const expected = [
    `web    | ${at("01:00:00")} INFO  a`,
    `mailer | ${at("02:00:00")} INFO  b`,
    "mailer | raw",
    `mailer | ${at("02:30:00")} WARN  [send] late`,
    `mailer | ${at("02:45:00")} INFO  [send/mail] sent`,
    `web    | ${at("03:00:00")} ERROR c`,
    "web    |   more",
  ];
  expect(await lines(space, ["web", "mailer"])).toEqual(expected);
  expect((await lines(space, ["--all"])).sort()).toEqual(expected.toSorted());
  expect(await lines(space, ["web", "mailer", "-n", "2"])).toEqual(expected.slice(-3));
  expect(await lines(space, ["mailer", "--job", "send/mail"])).toEqual([
    `${at("02:45:00")} INFO  [send/mail] sent`,
  ]);
});

test("on a terminal there are colours, and nothing of the log reaches it as a control character", async () => {
  const space = workspace();
  const hostile = Buffer.from(`${at("01:00:00")} ERROR \x1b]0;owned\x07\x1b[2J\n\x9b31mraw\n`, "latin1");
  put(space, { "worker.log": hostile });
  const onTerminal = (env: Record<string, string | undefined>) =>
    Bun.spawnSync(["script", "-qec", `'${djobPath}' logs worker`, "/dev/null"], {
      env: space.environment(env),
    }).stdout.toString();
  expect(onTerminal({ NO_COLOR: undefined })).toBe(
    `\x1b[2m${at("01:00:00")}\x1b[0m \x1b[31mERROR\x1b[0m \\x1b]0;owned\\x07\\x1b[2J\r\n\\x9b31mraw\r\n`,
  );
  expect(onTerminal({ NO_COLOR: "1" })).toBe(
    `${at("01:00:00")} ERROR \\x1b]0;owned\\x07\\x1b[2J\r\n\\x9b31mraw\r\n`,
  );
  const piped = Bun.spawnSync([djobPath, "logs", "worker"], { env: space.environment() });
  expect(piped.stdout).toEqual(hostile);
});

test.each([
  [["worker", "--grep", "a(b"], 2, "cannot use --grep: missing )\n  a(b\n   ^\n"],
  [["worker", "--since", "soon"], 2, 'cannot use --since "soon": '],
  [["worker", "--since", "1h", "--until", "2h"], 2, "--since 1h is later than --until 2h"],
  [["worker", "-f", "--until", "now"], 2, "-f and --until"],
  [["worker", "-n", "-1"], 2, "-n"],
  [["worker", "--level", "fatal"], 2, "the levels are debug, info, warn, error"],
  [["worker", "--run", "report"], 2, "not the id of a run"],
  [["--all", "worker"], 2, "--all and a name"],
  [[], 2, "djob logs needs a name"],
  [["worker", "other", "--pidfile", "x.pid"], 2, "--pidfile is of one daemon"],
  [["worker", "nobody"], 7, "no daemon named nobody"],
  [["linked"], 4, "it is a symbolic link"],
  [["fifo"], 4, "it is a FIFO"],
  [["folder"], 4, "it is a directory"],
] as const)("%j is refused with %d", async (args, code, said) => {
  const space = workspace();
  put(space, { "worker.log": "x\n" });
  symlinkSync("/etc/passwd", `${space.state}/linked.log`);
  Bun.spawnSync(["mkfifo", `${space.state}/fifo.log`]);
  mkdirSync(`${space.state}/folder.log`);
  const found = await space.djob(["logs", ...args]);
  expect({ code: found.code, stdout: found.stdout }).toEqual({ code, stdout: "" });
  expect(found.stderr).toContain(said);
});

test("a log that may not be opened is told, and hides no other, nor does one that comes later", async () => {
  const space = workspace();
  put(space, { "worker.log": "one\n", "other.log": "two\n", "worker.jobs/good.log": "three\n" });
  symlinkSync("/etc/passwd", `${space.state}/linked.log`);
  symlinkSync("/etc/passwd", `${space.state}/worker.jobs/bad.log`);
  const { code, stdout, stderr } = await space.djob(["logs", "--all"]);
  expect({ code, shown: stdout.split("\n").sort() }).toEqual({
    code: 1,
    shown: ["", "other  | two", "worker | one", "worker | three"],
  });
  for (const path of ["/linked.log", "/worker.jobs/bad.log"])
    expect(stderr).toContain(`${path}: it is a symbolic link`);
  expect((await space.djob(["logs", "worker"])).stdout).toBe("one\nthree\n");
  const { texts, end } = tailing(space, ["--all"]);
  await until("it follows", () => texts.out.includes("worker | three\n"));
  symlinkSync("/etc/passwd", `${space.state}/later.log`);
  symlinkSync("/etc/passwd", `${space.state}/worker.jobs/later.log`);
  put(space, { "last.log": "four\n" });
  await until("it goes on", () => texts.out.includes("last   | four\n"));
  expect(texts.err).toContain("/later.log: it is a symbolic link");
  await end(1);
  expect(texts.out).not.toContain("root:");
});

test("without any daemon --all says where it looked", async () => {
  const { code, stderr } = await workspace().djob(["logs", "--all"]);
  expect({ code, stderr }).toEqual({
    code: 7,
    stderr: expect.stringContaining("there is no daemon with a log: looked in "),
  });
});

const manyLines = Array.from(
  { length: 40_000 },
  (_, n) =>
    `${new Date(Date.parse(at("01:00:00")) + n).toISOString()} INFO  [poll] line ${n} ${Bun.hash(`${n}`)}\n`,
).join("");
const compressed = { gz: gzipSync(manyLines), zst: zstdCompressSync(manyLines) };

test.each([
  ["gz", "cut off", compressed.gz.subarray(0, compressed.gz.length >> 1)],
  ["zst", "cut off", compressed.zst.subarray(0, compressed.zst.length >> 1)],
  // Its checksum: what else is wrong in a .gz may be text for a while.
  ["gz", "damaged", corrupted(compressed.gz, -8)],
  ["zst", "damaged", corrupted(compressed.zst, compressed.zst.length >> 1)],
] as const)(
  "a .%s file that is %s: what can be read is shown, and how much that is told",
  async (ending, how, bytes) => {
    const space = workspace();
    const name = `${stamped("02:00:00")}.${ending}`;
    put(space, { [name]: bytes, "worker.log": `${at("03:00:00")} INFO  good\n` });
    for (const args of [
      ["-n", "all"],
      ["-n", "all", "--level", "info"],
      ["-n", "99999", "--json"],
      ["--since", at("01:00:00")],
    ]) {
      const { code, stdout, stderr } = await space.djob(["logs", "worker", ...args]);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stdout.match(/good/g)).toEqual(["good"]);
      const numbers = [...stdout.matchAll(/line (\d+) \d+/g)].map(([, n]) => Number(n));
      expect(numbers.length).toBeGreaterThan(1_000);
      expect(numbers).toEqual(numbers.map((_, index) => index));
      const last = new Date(Date.parse(at("01:00:00")) + (numbers.at(-1) ?? 0)).toISOString();
      const [, told = "", time = "", length = 0] =
        /^warning: cannot read all of the log: \S+\/(\S+) is .*: it could be read up to (\S+), (\d+) bytes of text\n$/.exec(
          stderr,
        ) ?? [];
      expect({ told, isRight: stderr.includes(how) }).toEqual({ told: name, isRight: true });
      // Of a line that is cut off within its number the time is that of a later one.
      expect(Math.abs(Date.parse(time) - Date.parse(last))).toBeLessThanOrEqual(1);
      const next = manyLines.indexOf(` line ${numbers.length} `);
      expect(Math.abs(Number(length) - (next === -1 ? manyLines.length : next))).toBeLessThan(200);
    }
    // What is not needed is not looked at.
    expect(await lines(space, ["worker", "-n", "1"])).toEqual([`${at("03:00:00")} INFO  good`]);
  },
);

test.each([
  ["empty", Buffer.alloc(0), "cut off"],
  ["of a few bytes", compressed.zst.subarray(0, 3), "cut off"],
  ["of zeros", Buffer.alloc(4096), "damaged (it is not compressed)"],
] as const)("a compressed file that is %s is told, and not shown", async (_what, bytes, how) => {
  const space = workspace();
  put(space, { [`${stamped("02:00:00")}.zst`]: bytes, "worker.log.2.gz": bytes, "worker.log": "good\n" });
  const { code, stdout, stderr } = await space.djob(["logs", "worker", "-n", "all"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "good\n" });
  expect(stderr.match(/^.+$/gm)).toHaveLength(2);
  expect(stderr).toContain(`.zst is ${how}`);
  expect(stderr).toContain("worker.log.2.gz is ");
  expect(stderr).toContain("nothing of it can be read");
});

function corrupted(bytes: Buffer, place: number): Buffer {
  return Buffer.from(
    bytes.map((byte, index) => (index === bytes.length + place || index === place ? ~byte : byte)),
  );
}

test("a reader that has enough ends it, and a line of 100 MB takes no more memory than others", async () => {
  const space = workspace();
  const head = `${at("01:00:00")} INFO  `;
  put(space, { "worker.log": `${head}${"x".repeat(100_000_000)}\n${at("02:00:00")} INFO  end\n` });
  const shell = Bun.spawnSync(
    ["sh", "-c", `'${djobPath}' logs worker | head -c 30; '${djobPath}' logs worker --json | wc -c`],
    { env: space.environment() },
  );
  const object = (time: string, message: string) =>
    `${JSON.stringify({ time: at(time), daemon: "worker", level: "info", message })}\n`;
  const length = object("01:00:00", "").length + 100_000_000 + object("02:00:00", "end").length;
  expect(shell.stderr.toString()).toBe("");
  expect(shell.stdout.toString()).toBe(`${head.slice(0, 30).padEnd(30, "x")}${length}\n`);
  for (const args of [["-n", "1"], ["--grep", "^end$"], ["--json"], []]) {
    const { code, bytes } = memoryOf(space, ["logs", "worker", ...args]);
    expect({ args, code }).toEqual({ args, code: 0 });
    expect(bytes).toBeLessThan(60 * 1024 * 1024);
  }
});

/** A child's peak counts what its parent had when it was made: so its parent is to be a small one. */
function memoryOf(
  space: Workspace,
  args: readonly string[],
): { readonly code: number; readonly bytes: number } {
  const script = `const child = Bun.spawnSync(process.argv.slice(1), { stdout: "ignore" });
    console.log(JSON.stringify({ code: child.exitCode, bytes: child.resourceUsage.maxRSS }));`;
  const options = { env: space.environment() };
  return JSON.parse(
    Bun.spawnSync([process.execPath, "-e", script, djobPath, ...args], options).stdout.toString(),
  );
}

test("-f waits for logs that are not there, and shows several as they come", async () => {
  const space = workspace();
  const { texts, end } = tailing(space, ["web", "mailer"]);
  await until(
    "it says what it waits for",
    () => texts.err.includes("web.log") && texts.err.includes("mailer.log"),
  );
  put(space, { "web.log": "one\n" });
  await until("the first has come", () => texts.out === "web    | one\n");
  put(space, { "mailer.log": "two\nhal" });
  await until("the second has come", () => texts.out === "web    | one\nmailer | two\n");
  appendFileSync(`${space.state}/web.log`, "three\n");
  await until("the first goes on", () => texts.out.endsWith("web    | three\n"));
  appendFileSync(`${space.state}/mailer.log`, "f\n");
  await until("a line is shown when it has ended", () => texts.out.endsWith("mailer | half\n"));
  renameSync(`${space.state}/web.log`, `${space.state}/web.log.1`);
  rmSync(`${space.state}/mailer.log`);
  put(space, { "web.log": "four\n", "mailer.log": "five\n" });
  await until(
    "the new files have come",
    () => texts.out.includes("web    | four\n") && texts.out.includes("mailer | five\n"),
  );
  put(space, { "web.jobs/poll.log": "six\n" });
  await until("the file that a job has got is followed", () => texts.out.endsWith("web    | six\n"));
  appendFileSync(`${space.state}/web.jobs/poll.log`, "seven\n");
  await until("it goes on", () => texts.out.endsWith("web    | seven\n"));
  await end();
});

test("-f goes on over a restart; --run shows a run of a log in text form by its job and times, and says so where runs overlap", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { existsSync } from "node:fs";
     job("slow", { every: "1h", overlap: "allow" }, async ({ log, input }) => {
       log.info("begin " + input);
       while (input === 1 && !existsSync("${space.path("gate")}")) await Bun.sleep(5);
       log.info("end " + input);
     });
     job("other", "every 20ms", ({ log }) => { log.info("noise"); });`,
  );
  await space.run(["worker.ts"]);
  const { texts, end } = tailing(space, ["worker", "--job", "slow"]);
  const first = space.djob(["trigger", "worker", "slow", "--input", "1", "--wait", "--json"]);
  await until("it has begun", () => texts.out.includes("begin 1"));
  const second = JSON.parse(
    (await space.djob(["trigger", "worker", "slow", "--input", "2", "--wait", "--json"])).stdout,
  );
  space.write("gate", "");
  await first;
  const alone = JSON.parse(
    (await space.djob(["trigger", "worker", "slow", "--input", "3", "--wait", "--json"])).stdout,
  );
  const shown = await space.djob(["logs", "worker", "--run", alone.id]);
  expect({ code: shown.code, stderr: shown.stderr }).toEqual({ code: 0, stderr: "" });
  expect(shown.stdout.replaceAll(/^\S+ INFO {2}/gm, "")).toBe("[slow] begin 3\n[slow] end 3\n");
  const both = await space.djob(["logs", "worker", "--run", second.id]);
  expect(both.stdout).toContain("begin 2");
  expect(both.stdout).not.toContain("noise");
  expect(both.stderr).toContain("another run of slow went on at the same time");
  expect((await space.djob(["restart", "worker"])).code).toBe(0);
  await space.djob(["trigger", "worker", "slow", "--input", "4", "--wait"]);
  await until("it is shown", () => texts.out.includes("end 4"));
  await end();
  expect(texts.out.match(/(begin|end) \d/g)?.toSorted()).toEqual(
    [1, 2, 3, 4].flatMap((n) => [`begin ${n}`, `end ${n}`]).toSorted(),
  );
  await space.djob(["stop", "worker"]);
  expect((await space.djob(["logs", "worker", "--run", alone.id])).stdout).toBe(shown.stdout);
});

// djob logs at a terminal, before a pager, in a pipe, and by people who come from other tools.
import { expect, test } from "bun:test";
import {
  appendFileSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";

const time = "2026-11-26T01:00:00.000Z";

function withLog(text: string, ...names: string[]): Workspace {
  const space = workspace();
  mkdirSync(space.state, { mode: 0o700 });
  for (const name of ["worker", ...names]) writeFileSync(`${space.state}/${name}.log`, text);
  return space;
}

function shell(space: Workspace, script: string, env: Record<string, string | undefined> = {}) {
  return Bun.spawn(["sh", "-c", script, "sh", djobPath], {
    env: space.environment({ NO_COLOR: undefined, TERM: "xterm", ...env }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

test.each([
  ["head -n 1", "one\n"],
  ["grep -m 1 one", "one\n"],
  ["true", ""],
])("-f of a log that is quiet ends when its reader (%s) does", async (reader, shown) => {
  const space = withLog("one\n");
  const pipeline = shell(space, `"$1" logs worker -f | ${reader}; echo over`);
  expect(await pipeline.stdout.text()).toBe(`${shown}over\n`);
  expect(await pipeline.stderr.text()).toBe("");
});

test("-f goes on while its pipe is read, and leaves the pipe as it is for those who share it", async () => {
  const space = withLog("one\n");
  const pipeline = shell(space, `"$1" logs worker -f | cat`);
  let text = "";
  const reading = (async () => {
    for await (const chunk of pipeline.stdout) text += Buffer.from(chunk).toString();
  })();
  await until("it shows what there is", () => text === "one\n");
  const follower = space
    .processes()
    .find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0logs\0"));
  const watching = () =>
    readdirSync(`/proc/${follower}/fd`).some(
      (fd) => linkOf(`/proc/${follower}/fd/${fd}`) === "anon_inode:inotify",
    );
  await until("it follows", watching);
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${follower}/fdinfo/1`, "utf8"))?.[1];
  expect(Number.parseInt(flags ?? "", 8) & (constants.O_NONBLOCK | 0o20000)).toBe(0);
  for (let n = 0; n < 2_000; n += 1) appendFileSync(`${space.state}/worker.log`, `${n} ${"x".repeat(100)}\n`);
  await until("it shows what has come", () => text.split("\n").length === 2_002);
  process.kill(follower ?? 0, "SIGINT");
  await pipeline.exited;
  await reading;
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

test.each([[["-n", "all"]], [["-n", "1"]], [["-f"]]])(
  "%j on a full disk is an error of the disk",
  async (args) => {
    const space = withLog("one\n");
    const child = shell(space, `"$1" logs worker ${args.join(" ")} > /dev/full`);
    expect(await child.stderr.text()).toBe(
      "djob: cannot write to standard output: no space left on the device\n",
    );
    expect(await child.exited).toBe(1);
  },
);

const coloured = `\x1b[2m${time}\x1b[0m \x1b[32mINFO \x1b[0m a\\x1b[1m\n`;
const escaped = `${time} INFO  a\\x1b[1m\n`;
const plain = `${time} INFO  a\x1b[1m\n`;

test.each([
  ["logs worker", {}, true, coloured],
  ["logs worker", { NO_COLOR: "" }, true, coloured],
  ["logs worker", { NO_COLOR: "1" }, true, escaped],
  ["logs worker", { TERM: "dumb" }, true, escaped],
  ["logs worker --color never", {}, true, escaped],
  ["logs worker --color always", { NO_COLOR: "1" }, true, coloured],
  ["logs worker", {}, false, plain],
  // Before less -R what is shown ends on a terminal as well.
  ["logs worker --color always", {}, false, coloured],
  ["logs worker --color never", {}, false, plain],
] as const)("%s with %j (on a terminal: %p)", async (line, env, isOnTerminal, shown) => {
  const space = withLog(`${time} INFO  a\x1b[1m\n`);
  const script = isOnTerminal ? `script -qec "'$1' ${line}" /dev/null` : `"$1" ${line}`;
  expect((await shell(space, script, env).stdout.text()).replaceAll("\r\n", "\n")).toBe(shown);
});

test.each([
  ["logs worker --tail 5", "djob logs has no flag --tail", "write -n N"],
  ["logs worker -t", "djob logs has no flag -t", "each line that djob writes begins with its time"],
  ["logs -u worker", "djob logs has no flag -u", "djob logs NAME"],
  ["logs worker --no-color", "djob logs has no flag --no-color", "write --color never, or set NO_COLOR=1"],
  ["logs worker --no-pager", "djob logs has no flag --no-pager", "| less -R"],
  ["logs worker --color sometimes", '--color "sometimes"', "write --color"],
  ["logs worker --constructor", "djob logs has no flag --constructor", "see djob logs --help"],
  ["logs", "djob logs needs a name", "there are other, worker; --all is of all"],
])("djob %s says what is right", async (line, message, hint) => {
  const space = withLog("", "other");
  const { code, stdout, stderr } = await space.djob(line.split(" "));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});

// What lies where the pidfile belongs: whatever it says is not believed, and whatever is no file of djob's own is refused
// before anything is opened, followed or changed.
import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isAlive, procStatus, type Workspace, workspace } from "./harness.ts";

const module = 'import { job } from "djob"; job("tick", "every 1h", () => {});';

const contents: ReadonlyArray<readonly [what: string, text: string]> = [
  ["nothing", ""],
  ["0", "0\n"],
  ["-1", "-1\n"],
  ["init's pid", "1\n"],
  ["garbage", "\0\xff garbage, and not a number\n"],
  ["a number that is no pid", "99999999999999999999\n"],
  ["several pids", `${process.pid}\n${process.pid}\n`],
  ["10 MB", "1234567890\n".repeat(10 * 95_326)],
];

test.each(contents)(
  "a pidfile that holds %s is a dead daemon's, and a start is clean",
  async (_what, text) => {
    const { space, pidfile } = prepared();
    for (const again of [
      ["status", "worker"],
      ["stop", "worker"],
    ]) {
      writeFileSync(pidfile, text);
      expect((await space.djob(again)).code).toBe(again[0] === "status" ? 1 : 7);
      expect(existsSync(pidfile)).toBe(again[0] === "status");
    }
    writeFileSync(pidfile, text);
    const pid = await space.run(["worker.ts"]);
    expect(readFileSync(pidfile, "utf8")).toBe(`${pid}\n`);
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
  },
);

test("a pidfile with the pid of a foreign process: nobody touches that process", async () => {
  const { space, pidfile } = prepared();
  const foreign = Bun.spawn(["sleep", "1000"]);
  try {
    writeFileSync(pidfile, `${foreign.pid}\n`);
    expect((await space.djob(["status", "worker"])).code).toBe(1);
    expect((await space.djob(["stop", "worker"])).code).toBe(7);
    writeFileSync(pidfile, `${foreign.pid}\n`);
    const pid = await space.run(["worker.ts"]);
    expect(pid).not.toBe(foreign.pid);
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    expect(isAlive(foreign.pid)).toBe(true);
    expect(procStatus(foreign.pid).get("SigPnd")).toBe("0000000000000000");
  } finally {
    foreign.kill();
    await foreign.exited;
  }
});

interface Obstacle {
  readonly what: string;
  readonly why: string;
  put(path: string, target: string): void;
}

const obstacles: readonly Obstacle[] = [
  { what: "a symbolic link", why: "a symbolic link", put: (path, target) => symlinkSync(target, path) },
  {
    what: "a link that leads nowhere",
    why: "a symbolic link",
    put: (path, target) => symlinkSync(`${target}-missing`, path),
  },
  { what: "a hard link", why: "a second name", put: (path, target) => linkSync(target, path) },
  { what: "a FIFO", why: "a FIFO", put: fifo },
  { what: "a directory", why: "a directory", put: (path) => mkdirSync(path) },
];

const commands = [
  ["run", "worker.ts"],
  ["status", "worker"],
  ["stop", "worker"],
];

test.each(obstacles)("$what in the pidfile's place is refused, and left as it is", async ({ why, put }) => {
  const { space, pidfile, target } = prepared();
  put(pidfile, target);
  const before = describe(space, pidfile);
  for (const command of commands) {
    const { code, stdout, stderr } = await space.djob(command);
    expect({ command, code, stdout }).toEqual({ command, code: 4, stdout: "" });
    expect(stderr).toContain(`refusing to use ${pidfile}`);
    expect(stderr).toContain(why);
  }
  expect(describe(space, pidfile)).toEqual(before);
  // Disposing of the workspace asks for every pidfile in it to be stopped.
  rmSync(pidfile, { recursive: true });
});

// A FIFO may be a log.
const logObstacles: readonly Obstacle[] = [
  ...obstacles.filter(({ why }) => why !== "a FIFO"),
  ...(process.geteuid?.() === 0
    ? [
        {
          what: "another user's FIFO",
          why: "belongs to user 65534",
          put: (path: string) => {
            fifo(path);
            chownSync(path, 65_534, 65_534);
          },
        },
      ]
    : []),
];

test.each(logObstacles)("$what in the log's place is refused, and left as it is", async ({ why, put }) => {
  const { space, target } = prepared();
  const log = `${space.state}/worker.log`;
  put(log, target);
  const before = describe(space, log);
  const { code, stdout, stderr } = await space.djob(["run", "worker.ts"]);
  expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  expect(stderr).toContain(`refusing to use ${log}`);
  expect(stderr).toContain(why);
  expect(describe(space, log)).toEqual(before);
  expect(space.has("worker.pid")).toBe(false);
});

test("a FIFO of one's own in the log's place is the log", async () => {
  const { space } = prepared();
  const log = `${space.state}/worker.log`;
  fifo(log);
  const reader = Bun.spawn(["cat", log], { stdout: "pipe" });
  try {
    await space.run(["worker.ts"]);
    expect(lstatSync(log).isFIFO()).toBe(true);
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    // The reader's end of file comes when the last of the daemon's processes has gone.
    expect(await reader.stdout.text()).toContain("INFO ");
  } finally {
    reader.kill();
    await reader.exited;
  }
});

test("a FIFO where everybody may swap it is refused as a log", async () => {
  const { space } = prepared();
  const open = space.path("open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const log = `${open}/worker.log`;
  fifo(log);
  const { code, stdout, stderr } = await space.djob(["run", "worker.ts", "--log", log]);
  expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
  expect(stderr).toContain(`refusing to use ${open}: everybody may write to it`);
  expect(space.has("worker.pid")).toBe(false);
});

interface Prepared {
  readonly space: Workspace;
  readonly pidfile: string;
  /** A file that nothing may change. */
  readonly target: string;
}

function prepared(): Prepared {
  const space = workspace();
  space.write("worker.ts", module);
  mkdirSync(space.state, { mode: 0o700 });
  const target = space.write("target", "somebody's data\n");
  chmodSync(target, 0o604);
  return { space, pidfile: `${space.state}/worker.pid`, target };
}

function fifo(path: string): void {
  expect(Bun.spawnSync(["mkfifo", "-m", "600", path]).exitCode).toBe(0);
}

/** All that a start could have changed. */
function describe(space: Workspace, path: string): unknown {
  const { ino, mode, size, mtimeMs } = lstatSync(path);
  const target = space.path("target");
  return {
    own: { ino, mode, size, mtimeMs },
    target: [readFileSync(target, "utf8"), statSync(target).mode, statSync(target).mtimeMs],
    missing: existsSync(`${target}-missing`),
  };
}

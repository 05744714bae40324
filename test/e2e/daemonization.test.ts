// The daemonization sequence, row by row: each test starts djob from a parent that hands down everything that a daemon
// must not inherit, and reads back from /proc what became of it: of the supervisor, and of the worker that it has started.
import { expect, test } from "bun:test";
import { existsSync, readlinkSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { startDirty, tickingModule } from "./dirty-parent.ts";
import { djobPath, environmentOf, isAlive, procStatus, until, workspace } from "./harness.ts";
import { childrenOf, descriptorsOf, openThreadsOf, processStat, signalsOf } from "./proc.ts";

test("it keeps no descriptor of its parent, not even the highest", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  expect(await start.parent.descriptorLimit()).toBeGreaterThan(1000);
  // Its end of the pipe is closed only after it has said that it is ready, which is what the start waits for.
  await until("it has closed its pipe", () => !Object.values(descriptorsOf(start.pid)).some(isPipe));
  const eventLoop = ["anon_inode:[eventfd]", "anon_inode:[eventpoll]"];
  const database = join(realpathSync(space.path("state")), "worker.db");
  const history = [database, `${database}-shm`, `${database}-wal`];
  // What is left is the run history, the control socket, the pair of sockets between the two, and the event loop's own; every file, pipe and
  // terminal would have another name. In a worker /dev/null keeps the number at which its socket came.
  for (const [pid, kinds] of [
    [start.pid, [...eventLoop, "socket:", "socket:"]],
    [start.worker, ["/dev/null", ...history, ...eventLoop, "socket:"]],
  ] as const) {
    // The connection on which its status was asked for is closed a moment later.
    await until(`${pid} has closed the connection`, () => kindsOf(pid).length <= kinds.length);
    const { 0: input, 1: out, 2: err, 3: lock, 5: reserved } = descriptorsOf(pid);
    expect({ input, out, err, lock, reserved }).toEqual({
      input: "/dev/null",
      out: realpathSync(space.path("state/worker.log")),
      err: realpathSync(space.path("state/worker.log")),
      lock: realpathSync(space.path("state/worker.pid")),
      reserved: "/memfd:djob-spec (deleted)",
    });
    expect(kindsOf(pid)).toEqual([...kinds]);
  }
});

test("its signal mask is empty, and only what the runtime itself ignores is ignored", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  // The runtime's own for crashes and its garbage collector; 33 is the libc's, as soon as there are threads.
  const runtime = ["SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGPWR", "SIGSYS"];
  // SIGURG tells supervisor and worker that there is something to hear.
  const own = ["SIGHUP", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGURG"];
  expect(signalsOf(start.worker, "SigBlk")).toEqual([]);
  // A supervisor hears its own in one thread, and keeps them blocked in all others: so they outlive an upgrade.
  expect(openThreadsOf(start.pid)).toHaveLength(1);
  expect(own).toEqual(expect.arrayContaining(signalsOf(start.pid, "SigBlk")));
  for (const [pid, handled] of [
    [start.pid, [...runtime, ...own, "SIGCHLD"]],
    [start.worker, [...runtime, ...own]],
  ] as const) {
    // Bun writes to sockets and files, and wants the error rather than the signal.
    expect(signalsOf(pid, "SigIgn")).toEqual(["SIGPIPE", "SIGXFSZ"]);
    const caught = signalsOf(pid, "SigCgt").filter((name) => name !== "SIG33");
    expect(caught.sort()).toEqual([...handled].sort());
  }
});

test("its environment has nothing of the terminal, the login or another service, and nothing of djob's", async () => {
  const space = workspace();
  const lying = {
    SSH_TTY: "/dev/pts/99",
    TERM: "xterm",
    DISPLAY: ":0",
    WATCHDOG_USEC: "30000000",
    LISTEN_FDS: "3",
    BUN_OPTIONS: "--smol",
    SHLVL: "3",
  };
  await using start = await startDirty(space, {
    module:
      'import { job } from "djob"; job("say", "every 50ms", () => console.log(JSON.stringify(process.env)));',
    env: { ...lying, KEPT: "as it is" },
  });
  const seen = /\[say\] (\{.*\})/.exec(
    await until("the job says its environment", () => /\[say\] .*\n/.exec(space.read("worker.log"))?.[0]),
  )?.[1];
  for (const environment of [...start.processes.map(environmentOf), JSON.parse(seen ?? "")]) {
    expect(environment).toMatchObject({ KEPT: "as it is", DJOB_DIR: space.state });
    for (const name of Object.keys(lying)) expect(environment).not.toHaveProperty(name);
  }
  const modules: string[] = Object.keys(JSON.parse(seen ?? ""));
  expect(modules.filter((name) => /^(DJOB_STAGE|BUN_)/.test(name))).toEqual([]);
});

test("the launcher exits 0 only now that the daemon is ready", async () => {
  const space = workspace();
  const module = `await Bun.sleep(300); await Bun.write(${JSON.stringify(space.path("loaded"))}, "");${tickingModule}`;
  await using start = await startDirty(space, { module });
  expect(await start.parent.exitCode()).toBe(0);
  expect(existsSync(space.path("loaded"))).toBe(true);
});

test("it is in a session of its own and without a terminal, and its worker in a group of its own besides", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  const own = processStat(start.pid);
  const worker = processStat(start.worker);
  const shell = processStat(await start.parent.shell());
  expect(shell).toMatchObject({ session: shell.pid });
  expect(shell.terminal).not.toBe(0);
  expect(own).toMatchObject({ terminal: 0, foregroundGroup: -1, group: own.session });
  expect(own.session).not.toBe(shell.session);
  expect(worker).toMatchObject({ terminal: 0, foregroundGroup: -1, session: own.session, group: worker.pid });
  for (const pid of start.processes) {
    const row = Bun.spawnSync(["ps", "-o", "tty=,tpgid=", "-p", String(pid)]).stdout.toString();
    expect(row.trim().split(/\s+/)).toEqual(["?", "-1"]);
  }
});

test("it does not lead its session, whose leader is gone, and init or a subreaper has adopted it", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  const { pid, session, parent } = processStat(start.pid);
  expect(pid).not.toBe(session);
  expect(isAlive(session)).toBe(false);
  expect(adopters(process.pid)).toContain(parent);
  expect(processStat(start.worker)).toMatchObject({ session, parent: pid });
  expect(start.worker).not.toBe(session);
});

test("its umask is 022, whatever its parent's was", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  for (const pid of start.processes) expect(procStatus(pid).get("Umask")).toBe("0022");
});

test("its umask is what --umask says", async () => {
  const space = workspace();
  await using start = await startDirty(space, { args: ["--umask", "027"] });
  for (const pid of start.processes) expect(procStatus(pid).get("Umask")).toBe("0027");
});

test("its working directory is /, and the one that it was started in may go", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  for (const pid of start.processes) expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
  await start.parent.hangUp();
  rmdirSync(start.parent.cwd);
  const before = space.read("worker.log").length;
  await until("the job goes on", () => /tick \d+ over/.test(space.read("worker.log").slice(before)));
});

test("its worker's working directory is what --chdir says, and the supervisor keeps none busy", async () => {
  const space = workspace();
  await using start = await startDirty(space, { args: ["--chdir", ".."] });
  expect(readlinkSync(`/proc/${start.worker}/cwd`)).toBe(realpathSync(space.dir));
  expect(readlinkSync(`/proc/${start.pid}/cwd`)).toBe("/");
});

test("its files have their modes, although the umask of its parent was 077", async () => {
  const space = workspace();
  await using _start = await startDirty(space);
  const modes = ["", "worker.log", "worker.sock", "worker.pid"].map((file) =>
    (statSync(`${space.state}/${file}`).mode & 0o7777).toString(8),
  );
  expect(modes).toEqual(["700", "640", "600", "644"]);
});

test("its pidfile names it, and a second start is refused", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  expect(space.read("worker.pid")).toBe(`${start.pid}\n`);
  const { code, stderr } = await space.djob(["run", "worker.ts"]);
  expect(code).toBe(8);
  expect(stderr).toContain(`worker is already running (pid ${start.pid})`);
});

test("no zombie is left of a thousand children, and each one's exit code arrived", async () => {
  const space = workspace();
  const module = `import { job } from "djob";
    job("spawn", "always", async ({ signal }) => {
      let ended = 0;
      for (let batch = 0; batch < 25; batch += 1) {
        const children = Array.from({ length: 40 }, () => Bun.spawn(["sh", "-c", "exit 3"], { stdio: ["ignore", "ignore", "ignore"] }));
        for (const child of children) if ((await child.exited) === 3) ended += 1;
      }
      console.log(ended + " children ended");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });`;
  await using start = await startDirty(space, { module });
  await until("all children ended", () => space.read("worker.log").includes("1000 children ended"), 30_000);
  expect(childrenOf(start.worker)).toEqual([]);
  expect(childrenOf(start.pid)).toEqual([start.worker]);
});

test("a job's children get neither the lock nor the pipes, and signals and environment as usual", async () => {
  const space = workspace();
  const module = `import { job } from "djob"; import { spawn } from "node:child_process";
    // cat ends with the daemon, which holds the other end of its input.
    const whileLoading = Bun.spawn(["cat"], { stdin: "pipe" }).pid;
    job("spawn", "always", async ({ signal }) => {
      console.log("children", whileLoading, Bun.spawn(["cat"], { stdin: "pipe" }).pid, spawn("cat").pid, "started");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });`;
  await using start = await startDirty(space, { module });
  const line = await until("they started", () =>
    /children (\d+) (\d+) (\d+) started/.exec(space.read("worker.log")),
  );
  for (const child of line.slice(1).map(Number)) {
    await until("it has become cat", () => procStatus(child).get("Name") === "cat");
    expect(processStat(child)).toMatchObject({
      parent: start.worker,
      session: processStat(start.pid).session,
    });
    const descriptors = descriptorsOf(child);
    expect(Object.keys(descriptors)).toEqual(["0", "1", "2"]);
    for (const target of Object.values(descriptors))
      expect(target).toMatch(/^(socket:|pipe:|.*\/worker\.log$)/);
    expect([signalsOf(child, "SigBlk"), signalsOf(child, "SigIgn")]).toEqual([[], []]);
    expect(Object.keys(environmentOf(child)).filter((name) => /^(DJOB_STAGE|BUN_)/.test(name))).toEqual([]);
  }
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  await until("they end with it", () => !line.slice(1).map(Number).some(isAlive));
});

test("a djob that a job calls is the command that it asks for, also from a Web Worker", async () => {
  const space = workspace();
  const call = `new TextDecoder().decode(Bun.spawnSync([${JSON.stringify(djobPath)}, "version"]).stdout)`;
  space.write(
    "thread.ts",
    `postMessage(${call} + Object.keys(process.env).filter((name) => /^(DJOB_STAGE|BUN_)/.test(name)));`,
  );
  const module = `import { job } from "djob";
    const thread = new Worker(new URL("./thread.ts", import.meta.url).href);
    thread.onmessage = ({ data }) => console.log("thread:", data.trim(), "over");
    job("call", "every 50ms", () => console.log("job:", ${call}.trim(), "over"));`;
  await using _start = await startDirty(space, { module });
  for (const who of ["job", "thread"]) {
    const line = await until(
      "it was called",
      () => new RegExp(`${who}: .* over`).exec(space.read("worker.log"))?.[0],
    );
    expect(line).toMatch(/: djob \d+\.\d+\.\d+ \([^)]*\) over$/);
  }
});

/** What its descriptors are, but for those that each process of the chain holds. */
function kindsOf(pid: number): string[] {
  const { 0: _in, 1: _out, 2: _err, 3: _lock, 5: _spec, ...others } = descriptorsOf(pid);
  return Object.values(others)
    .map((target) => target.replace(/\[\d+\]$/, ""))
    .sort();
}

function isPipe(target: string): boolean {
  return target.startsWith("pipe:");
}

/** Who may be the parent of an orphan: init, and every process from here to it that is a subreaper. */
function adopters(pid: number): number[] {
  const { parent } = processStat(pid);
  return parent <= 1 ? [1, pid] : [pid, ...adopters(parent)];
}

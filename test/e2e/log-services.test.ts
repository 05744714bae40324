// Logs that are services of the system: systemd's own journald, run in a mount namespace of its own so that its sockets are at their real
// places, and a syslog daemon that is played there.
import { afterEach, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { closeDescriptor } from "../../src/libc/files.ts";
import { bindDatagramSocket, receiveDatagram } from "../../src/libc/sockets.ts";
import { isRoot } from "./account.ts";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";

const journald = "/lib/systemd/systemd-journald";

/** Processes to end after the test, by their pids. */
const started: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
});

function start(...command: string[]): Bun.Subprocess {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  started.push(child);
  return child;
}

/** A namespace with a /run of its own, and a /dev that has what is needed and the log at `syslog`. */
async function namespace(space: Workspace, syslog: string) {
  const ready = space.path("ready");
  const script = `mount --make-rprivate / && mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal
    mkdir ${space.dir}/dev && mount -t tmpfs none ${space.dir}/dev
    for node in null zero full random urandom tty; do touch ${space.dir}/dev/$node; mount --bind /dev/$node ${space.dir}/dev/$node; done
    ln -s ${syslog} ${space.dir}/dev/log; ln -s /proc/self/fd ${space.dir}/dev/fd; mkdir ${space.dir}/dev/shm
    mount --rbind ${space.dir}/dev /dev && touch ${ready} && exec sleep 1000`;
  const holder = start("unshare", "-m", "sh", "-c", script);
  await until("the namespace is there", () => existsSync(ready));
  const inside = (...command: string[]) => ["nsenter", "-t", String(holder.pid), "-m", ...command];
  const call = async (...command: string[]) => {
    const child = Bun.spawn(inside(...command), {
      cwd: space.dir,
      env: space.environment(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, stdout, stderr };
  };
  return { inside, call };
}

type Entry = Readonly<Record<string, string | number[]>>;

if (isRoot && existsSync(journald)) {
  test("journald: records with their fields, of any size, what others write, and what came while it was away", async () => {
    const space = workspace();
    const { inside, call } = await namespace(space, "/run/systemd/journal/dev-log");
    const begin = async () => {
      const child = start(...inside(journald));
      await until(
        "the journal listens",
        async () => (await call("test", "-S", "/run/systemd/journal/stdout")).code === 0,
      );
      return child;
    };
    const first = await begin();
    space.write(
      "worker.ts",
      `import { job } from "djob"; import { writeSync } from "node:fs";
      job("work", "always", async ({ log, signal }) => {
        log.warn("two\\nlines", { status: 200, userName: "x", nested: { a: [1] }, message: "mine", _hidden: 1 });
        log.error("failed", { error: new TypeError("bad") });
        log.info("large " + "x".repeat(3_000_000));
        process.stdout.write("raw stdout\\n"); writeSync(2, "raw stderr\\n");
        await Bun.spawn(["sh", "-c", "echo of a child"], { stdio: ["ignore", "inherit", "inherit"] }).exited;
        console.log("last");
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      });
      process.on("SIGUSR2", () => { for (let n = 0; n < 40; n += 1) console.log("away " + n + " " + "y".repeat(250_000)); });`,
    );
    expect(await call(djobPath, "run", space.path("worker.ts"), "--log", "journald")).toMatchObject({
      code: 0,
      stderr: "",
    });
    const entries = async (...match: string[]): Promise<Entry[]> => {
      const { stdout } = await call(
        "journalctl",
        "--no-pager",
        "-o",
        "json",
        "--all",
        "--directory=/run/log/journal",
        ...match,
      );
      return stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    const own = "SYSLOG_IDENTIFIER=worker";
    const all = await until("the last one is there", async () => {
      const seen = await entries(own);
      return (
        seen.some(({ MESSAGE }) => MESSAGE === "last") &&
        seen.some(({ MESSAGE }) => MESSAGE === "of a child") &&
        seen
      );
    });
    const of = (message: string) =>
      all.find(({ MESSAGE }) => typeof MESSAGE === "string" && MESSAGE.startsWith(message));
    expect(of("two")).toMatchObject({
      ...{ MESSAGE: "two\nlines", PRIORITY: "4", DJOB_NAME: "worker", DJOB_JOB: "work", DJOB_ATTEMPT: "1" },
      ...{
        DJOB_RUN: expect.stringMatching(/^work@\d{4}-/),
        STATUS: "200",
        USER_NAME: "x",
        NESTED: '{"a":[1]}',
      },
      ...{ FIELD_MESSAGE: "mine", FIELD__HIDDEN: "1" },
    });
    expect(of("failed")).toMatchObject({ PRIORITY: "3", ERROR_NAME: "TypeError", ERROR_MESSAGE: "bad" });
    expect(of("large")?.["MESSAGE"]).toHaveLength(3_000_006);
    expect(of("raw stdout")).toMatchObject({ PRIORITY: "6", _TRANSPORT: "stdout" });
    expect(of("raw stderr")).toMatchObject({ PRIORITY: "6", _TRANSPORT: "stdout" });
    expect(of("worker is ready")).toMatchObject({ _TRANSPORT: "journal" });
    expect((await space.djob(["logs", "worker"])).stderr).toContain("journalctl SYSLOG_IDENTIFIER=worker");
    first.kill("SIGKILL");
    await first.exited;
    await call("rm", "-f", "/run/systemd/journal/socket", "/run/systemd/journal/stdout");
    const { workerPid } = await space.status("worker");
    process.kill(workerPid ?? 0, "SIGUSR2");
    const state = await until("it is degraded", async () => {
      const { log } = await space.status("worker");
      return log.lostLines > 0 && log;
    });
    expect(state).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("/run/systemd/journal/socket"),
    });
    await begin();
    await until("it is well again", async () => (await space.status("worker")).log.state === "ok");
    const later = await until("all of them, and how many are missing", async () => {
      const seen = await entries(own);
      return seen.some(({ MESSAGE }) => /lines? (was|were) lost/.test(String(MESSAGE))) && seen;
    });
    const kept = later.filter(({ MESSAGE }) => String(MESSAGE).startsWith("away "));
    const lost = Number(
      /(\d+) lines? w\w+ lost/.exec(later.map(({ MESSAGE }) => String(MESSAGE)).join("\n"))?.[1],
    );
    expect(kept.map(({ MESSAGE }) => Number(String(MESSAGE).split(" ")[1]))).toEqual(
      Array.from(kept, (_, index) => index),
    );
    expect(kept.length + lost).toBe(40);
  });
}

if (isRoot) {
  const running = async (space: Workspace, listen: (path: string) => { lines(): string[] }) => {
    mkdirSync(space.path("sys"));
    const heard = listen(space.path("sys/log"));
    const { call } = await namespace(space, space.path("sys/log"));
    const djob = space.path("djob");
    copyFileSync(djobPath, djob);
    space.write(
      "worker.ts",
      `import { job } from "djob"; import { writeSync } from "node:fs";
      job("a]b", "always", async ({ log, signal }) => {
        log.warn("two\\nlines \\u001b[1m", { "q=": 'a"]\\\\b' });
        log.info("long " + "ü".repeat(10_000));
        process.stdout.write("half "); process.stdout.write("and half\\n"); writeSync(2, "raw stderr\\n");
        await Bun.spawn(["sh", "-c", "echo of a child"], { stdio: ["ignore", "inherit", "inherit"] }).exited;
        console.log("last");
        process.on("SIGUSR2", () => void writeSync(2, "after the upgrade\\n"));
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      });`,
    );
    expect(await call(djob, "run", space.path("worker.ts"), "--log", "syslog:local3")).toMatchObject({
      code: 0,
      stderr: "",
    });
    const seen = await until("the last ones are there", () => {
      const all = heard.lines();
      return (
        ["last", "of a child", "raw stderr"].every((text) => all.some((line) => line.endsWith(text))) && all
      );
    });
    const lines = [...seen];
    copyFileSync(djobPath, `${djob}.new`);
    renameSync(`${djob}.new`, djob);
    expect(await call(djob, "upgrade", "worker")).toMatchObject({ code: 0, stderr: "" });
    const { workerPid } = await space.status("worker");
    process.kill(workerPid ?? 0, "SIGUSR2");
    await until("descriptors are read on", () =>
      heard.lines().some((line) => line.endsWith(" - after the upgrade")),
    );
    return lines;
  };

  const expectAll = (lines: readonly string[]) => {
    const of = (pattern: RegExp) => lines.filter((line) => pattern.test(line));
    for (const line of lines)
      expect(line).toMatch(
        /^<\d+>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ worker \d+ - (-|\[djob@32473 .*\]) /,
      );
    // local3 is 19; a warning is 4.
    expect(of(/two/)).toEqual([
      expect.stringMatching(
        /^<156>1 .* \[djob@32473 job="a\\\]b" run="a\\\]b@\S+" attempt="1"\]\[fields@32473 q_="a\\"\\\]\\\\b"\] two#012lines #033\[1m$/,
      ),
    ]);
    expect(of(/ü/).map((line) => Buffer.byteLength(line) <= 8_192)).toEqual([true, true, true]);
    expect(of(/ü/).join("").match(/ü/g)).toHaveLength(10_000);
    expect(of(/ - half and half$/)).toHaveLength(1);
    expect(of(/^<158>1 .* raw stderr$/)).toHaveLength(1);
    expect(of(/^<158>1 .* of a child$/)).toHaveLength(1);
    expect(of(/worker is ready/)).toHaveLength(1);
  };

  test("syslog: records of RFC 5424 as datagrams, with the job as structured data, and what others write", async () => {
    const space = workspace();
    const lines: string[] = [];
    let socket = -1;
    const seen = await running(space, (path) => {
      socket = bindDatagramSocket(path);
      return {
        lines() {
          for (let text = receiveDatagram(socket); text !== null; text = receiveDatagram(socket))
            lines.push(text);
          return lines;
        },
      };
    });
    expectAll(seen);
    closeDescriptor(socket);
  });

  test("syslog: a program that writes without a pause does not keep its supervisor from being asked and stopped", async () => {
    const space = workspace();
    mkdirSync(space.path("sys"));
    const socket = bindDatagramSocket(space.path("sys/log"));
    const { call } = await namespace(space, space.path("sys/log"));
    expect(await call(djobPath, "run", "--log", "syslog", "--", "yes")).toMatchObject({
      code: 0,
      stderr: "",
    });
    for (let times = 0; times < 5; times += 1) expect((await space.status("yes")).responsive).toBe(true);
    const { code, stdout } = await call(djobPath, "stop", "yes");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("cleanly") });
    closeDescriptor(socket);
  });

  test("syslog: the same over a stream, where that is what listens", async () => {
    const space = workspace();
    let text = "";
    let server: { stop(): void } | undefined;
    const seen = await running(space, (path) => {
      const decoder = new TextDecoder();
      server = Bun.listen({
        unix: path,
        socket: {
          data(_socket, bytes) {
            text += decoder.decode(bytes, { stream: true });
          },
        },
      });
      return { lines: () => text.split("\0").slice(0, -1) };
    });
    expectAll(seen);
    server?.stop();
  });
}

test("a service that is not there is told at once", async () => {
  if (existsSync("/dev/log")) return;
  const space = workspace();
  space.write("worker.ts", "setInterval(() => {}, 1e6);");
  const { code, stderr } = await space.djob(["run", "worker.ts", "--log", "syslog"]);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("there is no /dev/log"),
  });
});

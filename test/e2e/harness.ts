// What the end-to-end tests share: a directory of its own for each test, dist/djob as a person would call it, waiting on
// conditions, and looking into /proc. A workspace that is disposed of ends what its daemons left, and fails the test
// if there was anything.
import { expect, onTestFinished } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

// Several test files run at a time, each in a process that knows its number: nobody's else, and no daemon's.
for (const name of ["BUN_TEST_WORKER_ID", "JEST_WORKER_ID"]) delete process.env[name];

export const djobPath = join(import.meta.dir, "../../dist/djob");

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/**
 * Waits until a condition holds: a value that is neither false, null nor undefined. What a good daemon does in milliseconds took over
 * ten seconds on a machine with fifteen times as much to do as it has processors.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined)
      return value as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await Bun.sleep(5);
  }
}

export class Workspace {
  /** The user's directory, with the modules. */
  readonly dir = mkdtempSync(join(tmpdir(), "djob-"));
  /** DJOB_DIR: pidfiles, sockets and logs. */
  readonly state = join(this.dir, "state");
  readonly #marker = `djob-test-${process.pid}-${this.dir}`;

  /** Writes a file below the directory and returns its path. */
  write(name: string, text: string): string {
    const path = join(this.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** The text of a file in the state directory; empty if there is none, as for an instant while it is rotated. */
  read(name: string): string {
    try {
      return readFileSync(join(this.state, name), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
      throw error;
    }
  }

  /** What is in the state directory, but for the run history. */
  files(): string[] {
    return readdirSync(this.state).filter((name) => !/\.(db(-wal|-shm|\.place)?|history)$/.test(name));
  }

  has(name: string): boolean {
    return existsSync(join(this.state, name));
  }

  environment(extra: CallOptions["env"] = {}): Record<string, string> {
    const all = {
      ...process.env,
      NOTIFY_SOCKET: undefined,
      NO_COLOR: "1",
      DJOB_DIR: this.state,
      DJOB_TEST: this.#marker,
      ...extra,
    };
    return Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  }

  /** Starts dist/djob and does not wait for it. */
  start(args: readonly string[], { env, cwd = this.dir }: CallOptions = {}) {
    return Bun.spawn([djobPath, ...args], {
      cwd,
      env: this.environment(env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  /** Calls dist/djob to its end. */
  async djob(args: readonly string[], options: CallOptions = {}): Promise<Result> {
    const child = this.start(args, options);
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  }

  /** Starts a daemon that must become ready. @returns its pid: the supervisor's, where there is one */
  async run(args: readonly string[], options: CallOptions = {}): Promise<number> {
    const { code, stdout, stderr } = await this.djob(["run", ...args], options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const pid = /\(pid (\d+)\)/.exec(stdout)?.[1];
    expect(pid).toBeDefined();
    return Number(pid);
  }

  async status(name: string): Promise<StatusDocument> {
    return JSON.parse((await this.djob(["status", name, "--json"])).stdout);
  }

  /** Processes that were started from this workspace, known by its own environment variable. */
  processes(): number[] {
    return allPids().filter(
      (pid) => environmentOf(pid)["DJOB_TEST"] === this.#marker && stateOf(pid) !== "Z",
    );
  }

  /** Stops every daemon, then expects that no process is left. */
  async dispose(): Promise<void> {
    const codes: (number | null)[] = [];
    for (const file of existsSync(this.state) ? readdirSync(this.state) : []) {
      if (!file.endsWith(".pid")) continue;
      codes.push((await this.djob(["stop", file.slice(0, -4), "--stop-timeout", "1s"])).code);
    }
    // What a stop has ended is gone when it answers. What is ending by itself has let go of its files a moment before.
    const isEnding = codes.length === 0 || codes.some((code) => code !== 0);
    if (isEnding) await until("it is gone", () => this.processes().length === 0, 5000).catch(() => {});
    const left = this.processes().map((pid) => `${pid} ${commandOf(pid)}`);
    for (const pid of this.processes()) killIfThere(pid);
    rmSync(this.dir, { recursive: true, force: true });
    expect(left).toEqual([]);
  }
}

/** It may end between the look and the call. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/**
 * A workspace that is disposed of after the test. The test itself registers that: an afterEach of this file would
 * only hold for the first test file that imports it.
 */
export function workspace(): Workspace {
  const made = new Workspace();
  onTestFinished(() => made.dispose());
  return made;
}

export interface StatusDocument {
  readonly name: string;
  readonly state: string;
  /** The supervisor's, where there is one. */
  readonly pid: number | null;
  /** The process that has loaded the modules; null: none at this moment. */
  readonly workerPid: number | null;
  readonly restarts: number;
  /** How the worker before ended. */
  readonly lastExit: string | null;
  /** Why the daemon has failed. */
  readonly reason: string | null;
  /** Whether the worker has told of its jobs. */
  readonly responsive: boolean;
  readonly command: readonly string[] | null;
  readonly modules: readonly string[];
  readonly log: { readonly state: string; readonly reason: string | null; readonly lostLines: number };
  readonly paths: {
    readonly pidfile: string;
    readonly log: string | null;
    readonly socket: string;
    readonly history: string;
  };
  readonly history: { readonly path: string; readonly state: string | null; readonly reason: string | null };
  readonly jobs: ReadonlyArray<{
    readonly name: string;
    readonly schedule: string;
    readonly tz: string | null;
    readonly state: string;
    readonly next: string | null;
    readonly last: {
      readonly scheduledAt: string;
      readonly outcome: string;
      readonly durationMs: number;
    } | null;
  }>;
}

/** The pid of a running daemon's worker, which has loaded the modules. */
export async function workerOf(space: Workspace, name: string): Promise<number> {
  const { workerPid } = await space.status(name);
  if (workerPid === null) throw new Error(`${name} has no worker`);
  return workerPid;
}

/** proc_pid_status(5), as a map. */
export function procStatus(pid: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  return new Map(
    lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()] as const;
    }),
  );
}

export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== null && state !== "Z";
}

/** The state letter of a process; null if there is none. */
export function stateOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.charAt(text.lastIndexOf(")") + 2);
  } catch {
    return null;
  }
}

export function environmentOf(pid: number): Readonly<Record<string, string>> {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
    return Object.fromEntries(
      entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
    );
  } catch {
    return {};
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "(gone)";
  }
}

function allPids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1);
}

// A start of djob by test/fixtures/dirty-parent.c: on a real terminal, from a shell that hands down everything that a
// daemon must not inherit.
import { expect } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { djobPath, until, type Workspace, workerOf } from "./harness.ts";
import { program } from "./programs.ts";

export class DirtyParent implements AsyncDisposable {
  /** Where the command is started. */
  readonly cwd: string;
  /** Where the files are that it has open. */
  readonly inherited: string;
  readonly #child;
  #output = "";

  constructor(space: Workspace, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.cwd = space.path("cwd");
    this.inherited = space.path("inherited");
    for (const path of [this.cwd, this.inherited]) mkdirSync(path);
    this.#child = Bun.spawn([program(space, "dirty-parent"), this.inherited, ...command], {
      cwd: this.cwd,
      env: space.environment(env),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#collect();
  }

  /** What the terminal has shown, and the lines in brackets that the program itself prints. */
  get output(): string {
    return this.#output;
  }

  /** The shell that leads the terminal's session. */
  async shell(): Promise<number> {
    return await this.#number("shell");
  }

  /** The limit of descriptors that the command was given. */
  async descriptorLimit(): Promise<number> {
    return await this.#number("nofile");
  }

  /** The command's own exit status; one that was killed by a signal never has one. */
  async exitCode(): Promise<number> {
    return await this.#number("exit");
  }

  /** Closes the terminal's other side, as sshd does when the line is cut, and waits for the shell's end. */
  async hangUp(): Promise<void> {
    await this.#child.stdin.end();
    expect(await this.#child.exited).toBe(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
  }

  async #number(word: string): Promise<number> {
    const line = new RegExp(`\\[${word} (\\d+)\\]`);
    return Number(await until(`the terminal shows [${word} …]`, () => line.exec(this.#output)?.[1], 30_000));
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) this.#output += decoder.decode(chunk, { stream: true });
  }
}

export interface DirtyStart extends AsyncDisposable {
  readonly parent: DirtyParent;
  /** The daemon: its supervisor. */
  readonly pid: number;
  /** Has loaded the module. */
  readonly worker: number;
  /** Both of them. */
  readonly processes: readonly number[];
}

/** A job that writes a line a few times a second. */
export const tickingModule =
  'import { job } from "djob"; let n = 0; job("tick", "every 50ms", () => console.log("tick", ++n, "over"));';

/** Starts a daemon named worker from a dirty parent; it must become ready. */
export async function startDirty(
  space: Workspace,
  { module = tickingModule, args = [], env = {} }: DirtyRequest = {},
): Promise<DirtyStart> {
  const command = [djobPath, "run", space.write("worker.ts", module), ...args];
  const parent = new DirtyParent(space, command, env);
  const code = await parent.exitCode();
  expect({ code, output: parent.output }).toMatchObject({ code: 0 });
  expect(readdirSync(parent.inherited).length).toBe(19);
  const pid = Number(/\(pid (\d+)\)/.exec(parent.output)?.[1]);
  const worker = await workerOf(space, "worker");
  return { parent, pid, worker, processes: [pid, worker], [Symbol.asyncDispose]: () => parent.hangUp() };
}

interface DirtyRequest {
  readonly module?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

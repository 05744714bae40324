// Processes that run isolated jobs, as their worker sees them: the same executable in a session and group of its own, a pair of sockets
// to talk through, and two pipes for what it writes. None of the descriptors reaches a process that it starts.
import { constants, existsSync, openSync, readFileSync } from "node:fs";
import { closeDescriptor, pipe, socketPair } from "../../libc/files.ts";
import { waitFor } from "../../libc/process.ts";
import { readableSignal, signalWhenReadable } from "../../libc/readable.ts";
import { sendSignalToGroup } from "../../libc/signals.ts";
import { spawn } from "../../libc/spawn.ts";
import { LineSplitter } from "../../runtime/command/lines.ts";
import { groupMemory } from "../../runtime/command/memory.ts";
import type { ToHost } from "../../runtime/isolate/messages.ts";
import type { Place, PlaceListener, PlaceStarter } from "../../runtime/isolate/place.ts";
import { isolationError } from "../../runtime/isolate/thrown.ts";
import { hostDescriptor, supervisorVariable } from "../descriptors.ts";
import { daemonEnvironment, type Environment } from "../environment.ts";
import { errorCode } from "../error.ts";
import type { Spec } from "../spec.ts";
import { ownExecutable, processTitle, stageEnvironment } from "../stage.ts";
import { Channel } from "../supervise/channel.ts";
import { MessageSplitter, Stream } from "./stream.ts";

const living = new Set<HostProcess>();

export function processStarter(spec: Pick<Spec, "name">): PlaceStarter {
  return (listener) => {
    try {
      return new HostProcess(spec, listener);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const hint = existsSync("/proc/self") ? "" : "; after --chroot it takes /proc and /dev inside";
      throw isolationError(`cannot start a process for it: ${why}${hint}`);
    }
  };
}

/** All of them, at once: this process is about to end, or to become another. */
export function endAllProcesses(): void {
  for (const each of living) each.endNow();
}

const lookAgainMs = 1;
/** What the process has of standard input, output, error, and the way to its worker. */
const targets = [0, 1, 2, hostDescriptor];

class HostProcess implements Place {
  readonly #pid: number;
  readonly #listener: PlaceListener;
  readonly #channel: Channel;
  readonly #streams: readonly Stream[];
  readonly #control: Stream;
  readonly #look = () => this.#readAll();
  #timer: Timer | undefined;
  #why: string | null = null;
  #isKilled = false;

  constructor(spec: Pick<Spec, "name">, listener: PlaceListener) {
    this.#listener = listener;
    const ours: number[] = [];
    const theirs: number[] = [];
    try {
      theirs.push(openSync("/dev/null", constants.O_RDONLY));
      for (const _ of ["standard output", "standard error"]) {
        const { readEnd, writeEnd } = pipe();
        ours.push(readEnd);
        theirs.push(writeEnd);
      }
      const [own, other] = socketPair();
      ours.push(own);
      theirs.push(other);
      this.#pid = spawn({
        path: ownExecutable(),
        argv: [`${processTitle(spec)} (isolated)`],
        environment: environmentOf(),
        // /dev/null, two pipes, and the sockets.
        descriptors: theirs.map((from, index) => ({ from, to: targets[index] ?? -1 })),
        newSession: true,
        defaultSignals: "all",
        blockedSignals: [],
        closeFrom: hostDescriptor + 1,
      });
    } catch (error) {
      for (const descriptor of ours) closeDescriptor(descriptor);
      throw error;
    } finally {
      for (const descriptor of theirs) closeDescriptor(descriptor);
    }
    const [out = -1, err = -1, own = -1] = ours;
    const lines = () => new LineSplitter((line) => listener.line(line));
    const outputs = [new Stream(out, lines()), new Stream(err, lines())];
    const messages = new MessageSplitter((text) => {
      // What was written before it was said comes first: with the run's end nothing is the run's any more.
      for (const output of outputs) drain(output);
      listener.heard(text);
    });
    this.#control = new Stream(own, messages);
    this.#streams = [this.#control, ...outputs];
    this.#channel = new Channel(own);
    for (const { descriptor } of this.#streams) signalWhenReadable(descriptor);
    living.add(this);
    watchSignals();
  }

  get look(): () => void {
    return this.#look;
  }

  send(message: ToHost): void {
    if (this.#control.isOpen) this.#channel.send(message);
  }

  kill(): void {
    this.#isKilled = true;
    if (living.has(this)) signalGroup(this.#pid);
  }

  endNow(): void {
    this.kill();
    living.delete(this);
    waitFor(this.#pid, { wait: true });
  }

  watchMemory(limitBytes: number, over: (what: string) => void): () => void {
    return groupMemory.watch(this.#pid, limitBytes, over);
  }

  /** It is the group's resident memory that counts. */
  measured(): void {}

  #readAll(): void {
    if (!living.has(this)) return;
    let hasMore = false;
    for (const stream of this.#streams) if (stream.read()) hasMore = true;
    // Whoever floods its output must not keep the event loop from all others.
    if (hasMore) setImmediate(this.#look);
    else if (!this.#control.isOpen) this.#reap();
  }

  /**
   * Its end of the sockets is closed, as a rule because it has ended. Until it is reaped the number of its group can't be
   * another's: so all that it left is ended first.
   */
  #reap(): void {
    const { isEnding, cpuMs } = lookAt(this.#pid);
    if (!this.#isKilled && !isEnding)
      this.#why ??= `its process closed descriptor ${hostDescriptor}, through which djob speaks to it`;
    this.#isKilled = true;
    signalGroup(this.#pid);
    const ended = waitFor(this.#pid, { wait: false });
    if (ended === null) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#look, lookAgainMs).unref();
      return;
    }
    living.delete(this);
    for (const stream of this.#streams) stream.end();
    const { exitCode, signal } = ended;
    this.#listener.ended({ exitCode, signal, why: this.#why, cpuMs });
  }
}

/** As much as a pipe holds, and no more: whoever floods it must not keep the event loop. */
const readsOfPipe = 8;

function drain(stream: Stream): void {
  for (let reads = 0; reads < readsOfPipe && stream.read(); reads += 1);
}

/** PF_EXITING of the kernel's sched.h, among the flags of proc_pid_stat(5). */
const exitingFlag = 0x4;
/** Of sysconf(3), everywhere that Linux runs. */
const ticksPerSecond = 100;

/** A process that has not been reaped. Where nobody knows, it is ending. */
function lookAt(pid: number): { isEnding: boolean; cpuMs: number | null } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [flags = 0, user = 0, system = 0] = [fields[5], fields[10], fields[11]].map(Number);
    const isEnding = state === "Z" || (flags & exitingFlag) !== 0;
    return { isEnding, cpuMs: ((user + system) * 1000) / ticksPerSecond };
  } catch {
    return { isEnding: true, cpuMs: null };
  }
}

/** One listener for all of them. */
function watchSignals(): void {
  if (isWatching) return;
  isWatching = true;
  process.on(readableSignal, () => {
    for (const each of living) each.look();
  });
}

let isWatching = false;

/** As modules have made it, but for what would make something else of this executable. */
function environmentOf(): Environment {
  const own: Record<string, string> = { [supervisorVariable]: String(process.pid) };
  const given = daemonEnvironment({
    inherited: process.env,
    foreground: true,
    assignments: [],
    timeZone: null,
  });
  return { ...stageEnvironment("isolated", given), ...own };
}

function signalGroup(group: number): void {
  try {
    sendSignalToGroup(group, "SIGKILL");
  } catch (error) {
    // EPERM: what is left of it has become somebody else.
    if (!["ESRCH", "EPERM"].includes(errorCode(error) ?? "")) throw error;
  }
}

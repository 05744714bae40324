// What djob tells the service manager that started it, as sd_notify(3) says: newline-separated assignments in one datagram
// to NOTIFY_SOCKET. Telling never harms the daemon: what nobody receives is lost, what finds the queue full is sent again.
import { monotonicUsec } from "../../libc/monotonic.ts";
import { sendDatagram } from "../../libc/sockets.ts";

export interface ServiceManager {
  /** Also after a reload, whether it succeeded or not. */
  ready(pid: number, status: string): void;
  reloading(status: string): void;
  stopping(status: string): void;
  status(text: string): void;
  /** A sign of life. */
  watchdog(): void;
  /** Start, stop or runtime may take so much longer from now on. */
  extendTimeout(usec: number): void;
}

type Inherited = Readonly<Record<string, string | undefined>>;

/** @returns null if no service manager waits to be told, or it listens where djob can't reach it (vsock) */
export function serviceManager(environment: Inherited): ServiceManager | null {
  const path = environment["NOTIFY_SOCKET"] ?? "";
  if (!isNotifySocket(path)) return null;
  const queue = new Queue(path);
  return {
    ready: (pid, status) => queue.send({ READY: 1, MAINPID: pid, STATUS: status }),
    reloading: (status) => queue.send({ RELOADING: 1, MONOTONIC_USEC: monotonicUsec(), STATUS: status }),
    stopping: (status) => queue.send({ STOPPING: 1, STATUS: status }),
    status: (text) => queue.send({ STATUS: text }),
    watchdog: () => queue.send({ WATCHDOG: 1 }),
    extendTimeout: (usec) => queue.send({ EXTEND_TIMEOUT_USEC: usec }),
  };
}

/** An absolute path or an abstract name; a relative one would depend on the working directory. */
function isNotifySocket(path: string): boolean {
  return /^[/@]./.test(path) && Buffer.byteLength(path) <= maximumPathBytes;
}

/** sizeof(sun_path) - 1, of the platform where it is smallest. */
const maximumPathBytes = 103;

/** Pure: one datagram's text. A value can't hold a line break, which would begin an assignment. */
export function notification(assignments: Readonly<Record<string, string | number | bigint>>): string {
  return Object.entries(assignments)
    .map(
      ([name, value]) =>
        `${name}=${String(value)
          .replace(/\p{Cc}+/gu, " ")
          .trim()}`,
    )
    .join("\n");
}

/**
 * Pure: how often a sign of life is due, which is half of what the service manager tolerates.
 * @returns null if it expects none, or expects it of another process
 */
export function watchdogIntervalMs(environment: Inherited, pid: number): number | null {
  const { WATCHDOG_USEC: usec = "", WATCHDOG_PID: watched } = environment;
  if (!/^\d{1,15}$/.test(usec) || Number(usec) === 0) return null;
  if (watched !== undefined && watched !== String(pid)) return null;
  return Math.min(Math.max(1, Math.floor(Number(usec) / 2_000)), maximumTimerMs);
}

/** A longer timer would fire at once. */
const maximumTimerMs = 2 ** 31 - 1;
const retryMs = 50;
const queueLength = 64;

/** Keeps the order: a READY that came before a RELOADING would end the wait for the reload. */
class Queue {
  readonly #path: string;
  readonly #waiting: string[] = [];
  readonly #setTimeout = setTimeout;
  #timer: Timer | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  send(assignments: Readonly<Record<string, string | number | bigint>>): void {
    this.#waiting.push(notification(assignments));
    if (this.#waiting.length > queueLength) this.#waiting.shift();
    this.#flush();
  }

  #flush(): void {
    for (let [text] = this.#waiting; text !== undefined; [text] = this.#waiting) {
      if (trySend(this.#path, text) === "again") {
        this.#retryLater();
        return;
      }
      this.#waiting.shift();
    }
  }

  #retryLater(): void {
    if (this.#timer !== null) return;
    this.#timer = this.#setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, retryMs);
    // A daemon that has nothing left to do ends, told or not.
    this.#timer.unref();
  }
}

function trySend(path: string, text: string): "done" | "again" {
  try {
    sendDatagram(path, text);
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, "code") === "EAGAIN") return "again";
  }
  return "done";
}

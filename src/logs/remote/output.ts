// Records that go to a service of the system: systemd's journal, or syslog.

import { sendAsFile, sendBytes } from "../../libc/datagram.ts";
import { errnoNumbers, SystemError } from "../../libc/error.ts";
import { closeDescriptor, tryWrite } from "../../libc/files.ts";
import { unixAddress } from "../../libc/socket-address.ts";
import { connectStream, openDatagramSocket, setNonBlocking } from "../../libc/sockets.ts";
import type { LogRecord } from "../line.ts";
import type { LogOutput } from "../output.ts";
import type { Trouble } from "../trouble.ts";
import { encodeForJournal, type Sender } from "./journald.ts";
import { Outbox, type Sent } from "./outbox.ts";
import { encodeForSyslog, type SyslogSender } from "./syslog.ts";

export const journalSocket = "/run/systemd/journal/socket";
const journalStream = "/run/systemd/journal/stdout";
export const syslogSocket = "/dev/log";

export interface RemoteOptions {
  now(): number;
  readonly trouble: Trouble;
  /** It was away, and is back. */
  returned(): void;
  /** What a module wrote to process.stdout or process.stderr. */
  raw(descriptor: 1 | 2, bytes: Uint8Array, nowMs: number): void;
}

export interface RemoteOutput extends LogOutput {
  /** Sends what waits, if it can be sent now. @returns whether nothing waits any more */
  flush(): boolean;
}

export function journalOutput(sender: Sender, options: RemoteOptions): RemoteOutput {
  const socket = openDatagramSocket();
  const address = unixAddress(journalSocket);
  const send = (bytes: Uint8Array): Sent => {
    const errno = sendBytes(socket, address, bytes);
    const isTooLong = errno === errnoNumbers.EMSGSIZE || errno === errnoNumbers.ENOBUFS;
    return sentOf(isTooLong ? sendAsFile(socket, address, bytes) : errno, journalSocket);
  };
  return outputOf((record) => [encodeForJournal(record, sender)], send, options);
}

/** A daemon that takes datagrams, as most do, or a stream of messages with a NUL behind each, as glibc's syslog(3) sends them. */
export function syslogOutput(sender: SyslogSender, options: RemoteOptions): RemoteOutput {
  const socket = openDatagramSocket();
  const address = unixAddress(syslogSocket);
  let stream: StreamOfMessages | null = null;
  const sendOnStream = (bytes: Uint8Array): Sent => {
    try {
      stream ??= new StreamOfMessages(connectNonBlocking(syslogSocket));
      return stream.send(bytes) ? "sent" : "busy";
    } catch (error) {
      stream?.close();
      stream = null;
      return { why: error instanceof Error ? error.message : String(error) };
    }
  };
  const send = (bytes: Uint8Array): Sent => {
    if (stream !== null) return sendOnStream(bytes);
    const errno = sendBytes(socket, address, bytes);
    return errno === errnoNumbers.EPROTOTYPE ? sendOnStream(bytes) : sentOf(errno, syslogSocket);
  };
  return outputOf((record) => encodeForSyslog(record, sender), send, options);
}

/** Takes messages whole, also where the kernel takes a part of one at a time. */
export class StreamOfMessages {
  readonly #descriptor: number;
  /** The message that has begun to be sent, and what of it is left. */
  #begun: Uint8Array | null = null;
  #rest: Uint8Array = new Uint8Array();

  /** @param descriptor that does not block */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** @returns false if it is to be tried again later, with the same bytes. @throws {SystemError} if nobody reads any more */
  send(message: Uint8Array): boolean {
    if (!this.#goOn()) return false;
    if (this.#begun !== message) {
      this.#rest = Buffer.concat([message, Buffer.of(0)]);
      this.#begun = message;
      if (!this.#goOn()) return false;
    }
    this.#begun = null;
    return true;
  }

  close(): void {
    closeDescriptor(this.#descriptor);
  }

  #goOn(): boolean {
    if (this.#rest.length === 0) return true;
    this.#rest = this.#rest.subarray(tryWrite(this.#descriptor, this.#rest));
    return this.#rest.length === 0;
  }
}

function connectNonBlocking(path: string): number {
  const stream = connectStream(path);
  setNonBlocking(stream);
  return stream;
}

function outputOf(
  encode: (record: LogRecord) => readonly Uint8Array[],
  send: (bytes: Uint8Array) => Sent,
  options: RemoteOptions,
): RemoteOutput {
  const outbox = new Outbox({
    ...options,
    send,
    note: (timeMs, message) => encode({ timeMs, level: "warn", job: null, message })[0] ?? Buffer.of(),
  });
  return {
    write(record) {
      for (const bytes of encode(record)) outbox.put(bytes);
    },
    raw: options.raw,
    flush: () => outbox.flush(),
  };
}

function sentOf(errno: number, path: string): Sent {
  if (errno === 0) return "sent";
  if (errno === errnoNumbers.EAGAIN || errno === errnoNumbers.ENOBUFS) return "busy";
  const { message } = new SystemError({ syscall: "sendto", errno, action: `send to ${path}` });
  return errno === errnoNumbers.EMSGSIZE ? { refused: message } : { why: message };
}

/**
 * What systemd itself gives to services as standard output: a stream whose lines become records (systemd's own protocol).
 * @param priority of syslog(3)
 * @throws {SystemError} if nobody listens there
 */
export function openJournalStream(name: string, priority: number): number {
  const descriptor = connectStream(journalStream);
  const header = `${name}\n\n${priority}\n0\n0\n0\n0\n`;
  try {
    tryWrite(descriptor, Buffer.from(header));
    return descriptor;
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

// One end of the pair of sockets between supervisor and worker: JSON, a message a line. What is sent leaves at once, also
// when the process ends in the next statement; what finds no room is kept until there is some.
import { closeDescriptor, tryWrite } from "../../libc/files.ts";
import { readableSignal, signalWhenReadable, tryRead } from "../../libc/readable.ts";
import { receiveFiles, sendFiles } from "../../libc/rights.ts";
import { errorCode } from "../error.ts";
import { OwnDescriptor } from "../own-descriptor.ts";

export interface ChannelListeners<Message> {
  message(message: Message): void;
  /** A line that is no message: a module can write to any descriptor. */
  garbage(line: string): void;
  /** The other end is closed: its process has ended, or is about to. */
  closed(): void;
}

/** What finds no room is tried again so soon, and then ever less often: a process that blocks may do so for days. */
const shortestPauseMs = 2;
const longestPauseMs = 128;
const readBytes = 16_384;
/** So much a turn: whoever writes without a pause must not keep the event loop from all others. */
const readsATurn = 16;
/** Of its last words: more than the sockets hold. */
const mostLastReads = 256;
const shownCharacters = 100;
/** A line that is longer is no message of djob's. */
const longestLineBytes = 64 << 20;

/** What is on its way through this end, base64: an execve would lose it. */
export interface InTransit {
  /** The beginning of a message whose end has not come yet. */
  readonly incoming: string;
  /** What found no room yet. */
  readonly outgoing: string;
}

export const nothingInTransit: InTransit = { incoming: "", outgoing: "" };

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly files: readonly number[];
}

const newline = 10;

export class Channel {
  readonly #descriptor: number;
  readonly #own: OwnDescriptor;
  readonly #buffer = new Uint8Array(new ArrayBuffer(readBytes));
  readonly #takeFiles: ((files: readonly number[]) => void) | null;
  /** The beginning of a message. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #outgoing: Outgoing[] = [];
  #retry: Timer | undefined;
  #pauseMs = shortestPauseMs;
  #open = true;

  /** @param takeFiles those that come with what is sent; null: the kernel closes them */
  constructor(
    descriptor: number,
    { incoming, outgoing } = nothingInTransit,
    takeFiles: ((files: readonly number[]) => void) | null = null,
  ) {
    this.#descriptor = descriptor;
    this.#takeFiles = takeFiles;
    this.#own = new OwnDescriptor(descriptor);
    if (incoming !== "") this.#keep(Buffer.from(incoming, "base64"));
    if (outgoing !== "") this.#outgoing.push({ bytes: Buffer.from(outgoing, "base64"), files: [] });
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get inTransit(): InTransit {
    const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("base64");
    return { incoming: text(this.#rest), outgoing: text(this.#outgoing.map(({ bytes }) => bytes)) };
  }

  /** The process at the other end is gone: its last words, and then the end, whoever else may hold that by now. */
  end: () => void = () => {};

  /** It does not hold the event loop. */
  listen<Message>(listeners: ChannelListeners<Message>): void {
    this.#flush();
    let isDue = false;
    const end = () => {
      process.off(readableSignal, look);
      this.#close();
      listeners.closed();
    };
    const look = () => {
      if (!this.#open || isDue) return;
      const came = this.#readAll(listeners, readsATurn);
      if (came === "end") end();
      else if (came === "more") {
        isDue = true;
        setImmediate(() => {
          isDue = false;
          look();
        });
      }
    };
    this.end = () => {
      if (!this.#open) return;
      this.#readAll(listeners, mostLastReads);
      end();
    };
    process.on(readableSignal, look);
    signalWhenReadable(this.#descriptor);
    // What came before that is not told.
    setTimeout(look, 0).unref();
  }

  #close(): void {
    this.#open = false;
    // A module can close any descriptor, and have another under its number.
    if (this.#own.isOurs) closeDescriptor(this.#descriptor);
  }

  #readAll<Message>(listeners: ChannelListeners<Message>, most: number): "nothing" | "more" | "end" {
    for (let reads = 0; reads < most; reads += 1) {
      const count = this.#readSome();
      if (count === null) return "nothing";
      if (count === 0) return "end";
      this.#read(this.#buffer.subarray(0, count), listeners);
    }
    return "more";
  }

  #readSome(): number | null {
    // A module closed the descriptor: the other end notices that.
    if (!this.#own.isOurs) return null;
    try {
      if (this.#takeFiles === null) return tryRead(this.#descriptor, this.#buffer);
      const { count, files } = receiveFiles(this.#descriptor, new DataView(this.#buffer.buffer));
      if (files.length > 0) this.#takeFiles(files);
      return count;
    } catch (error) {
      // A process that died with unread words resets the connection.
      const code = errorCode(error);
      if (code === "ECONNRESET") return 0;
      throw error;
    }
  }

  /** @param files what the other end is to have open as well, as it is when the message leaves */
  send(message: unknown, files: readonly number[] = []): void {
    if (!this.#open) return;
    this.#outgoing.push({ bytes: Buffer.from(`${JSON.stringify(message)}\n`), files });
    this.#flush();
  }

  #flush(): void {
    for (let [first] = this.#outgoing; first !== undefined && this.#open; [first] = this.#outgoing) {
      const written = this.#write(first);
      if (written > 0) this.#pauseMs = shortestPauseMs;
      if (written < first.bytes.length) {
        this.#outgoing[0] = {
          bytes: first.bytes.subarray(written),
          files: written === 0 ? first.files : [],
        };
        this.#later();
        return;
      }
      this.#outgoing.shift();
    }
  }

  #later(): void {
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  #write({ bytes, files }: Outgoing): number {
    if (!this.#own.isOurs) return bytes.length;
    try {
      return files.length === 0
        ? tryWrite(this.#descriptor, bytes)
        : sendFiles(this.#descriptor, bytes, files);
    } catch (error) {
      const code = errorCode(error);
      if (code !== "EPIPE" && code !== "ECONNRESET") throw error;
      // The end is told by the event that comes for it.
      return bytes.length;
    }
  }

  #read<Message>(chunk: Uint8Array, { message, garbage }: ChannelListeners<Message>): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, end)]).toString();
      this.#rest = [];
      this.#restBytes = 0;
      start = end + 1;
      const parsed = parse(line);
      if (parsed === null) garbage(JSON.stringify(line.slice(0, shownCharacters)));
      else message(parsed as Message);
    }
    // The chunk's memory is the socket's.
    if (start < chunk.length) this.#keep(chunk.slice(start));
  }

  #keep(beginning: Uint8Array): void {
    this.#restBytes += beginning.length;
    if (this.#restBytes > longestLineBytes) this.#rest = [];
    else this.#rest.push(beginning);
  }
}

function parse(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? value : null;
  } catch {
    return null;
  }
}

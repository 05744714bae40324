// One end of the pair of sockets between supervisor and worker: JSON, a message a line. What is sent leaves at once, also
// when the process ends in the next statement; what finds no room is kept until there is some.
import { closeDescriptor, tryWrite } from "../../libc/files.ts";
import { readableSignal, signalWhenReadable, tryRead } from "../../libc/readable.ts";
import { errorCode } from "../error.ts";

export interface ChannelListeners<Message> {
  message(message: Message): void;
  /** A line that is no message: a module can write to any descriptor. */
  garbage(line: string): void;
  /** The other end is closed: its process has ended, or is about to. */
  closed(): void;
}

const retryMs = 2;
const readBytes = 16_384;
const shownCharacters = 100;
/** A line that is longer is no message of djob's. */
const longestLineBytes = 64 << 20;

export class Channel {
  readonly #descriptor: number;
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(new ArrayBuffer(readBytes));
  #rest: string[] = [];
  #restLength = 0;
  #outgoing: Uint8Array[] = [];
  #open = true;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  /** Reads what has come: the process at the other end may be reaped before the signal that tells of its words. */
  drain: () => void = () => {};

  /** It does not hold the event loop. */
  listen<Message>(listeners: ChannelListeners<Message>): void {
    const look = () => {
      if (!this.#open || this.#readAll(listeners)) return;
      process.off(readableSignal, look);
      this.#close();
      listeners.closed();
    };
    this.drain = look;
    process.on(readableSignal, look);
    signalWhenReadable(this.#descriptor);
    // What came before that is not told.
    setTimeout(look, 0).unref();
  }

  #close(): void {
    this.#open = false;
    try {
      closeDescriptor(this.#descriptor);
    } catch (error) {
      // A module can close any descriptor.
      if (errorCode(error) !== "EBADF") throw error;
    }
  }

  /** @returns false at the end */
  #readAll<Message>(listeners: ChannelListeners<Message>): boolean {
    for (;;) {
      const count = this.#readSome();
      if (count === null) return true;
      if (count === 0) return false;
      this.#read(this.#buffer.subarray(0, count), listeners);
    }
  }

  #readSome(): number | null {
    try {
      return tryRead(this.#descriptor, this.#buffer);
    } catch (error) {
      // A process that died with unread words resets the connection.
      const code = errorCode(error);
      if (code === "ECONNRESET") return 0;
      // A module closed the descriptor: the other end notices that.
      if (code === "EBADF") return null;
      throw error;
    }
  }

  send(message: unknown): void {
    if (!this.#open) return;
    this.#outgoing.push(Buffer.from(`${JSON.stringify(message)}\n`));
    this.#flush();
  }

  #flush(): void {
    for (let [first] = this.#outgoing; first !== undefined && this.#open; [first] = this.#outgoing) {
      const written = this.#write(first);
      if (written === first.length) this.#outgoing.shift();
      else {
        this.#outgoing[0] = first.subarray(written);
        setTimeout(() => this.#flush(), retryMs).unref();
        return;
      }
    }
  }

  #write(bytes: Uint8Array): number {
    try {
      return tryWrite(this.#descriptor, bytes);
    } catch (error) {
      const code = errorCode(error);
      if (code !== "EPIPE" && code !== "ECONNRESET" && code !== "EBADF") throw error;
      // The end is told by the event that comes for it.
      return bytes.length;
    }
  }

  #read<Message>(chunk: Uint8Array, { message, garbage }: ChannelListeners<Message>): void {
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      const whole = this.#rest.length === 0 ? line : [...this.#rest, line].join("");
      this.#rest = [];
      this.#restLength = 0;
      const parsed = parse(whole);
      if (parsed === null) garbage(JSON.stringify(whole.slice(0, shownCharacters)));
      else message(parsed as Message);
    }
    this.#restLength += last.length;
    if (this.#restLength > longestLineBytes) this.#rest = [];
    else if (last !== "") this.#rest.push(last);
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

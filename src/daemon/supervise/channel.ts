// One end of the pair of sockets between supervisor and worker: JSON, a message a line. What is sent leaves at once, also
// when the process ends in the next statement; what finds no room is kept until there is some.
import { tryWrite } from "../../libc/files.ts";
import { errorCode } from "../error.ts";

export interface ChannelListeners<Message> {
  message(message: Message): void;
  /** A line that is no message: a module can write to any descriptor. */
  garbage(line: string): void;
  /** The other end is closed: its process has ended, or is about to. */
  closed(): void;
}

const retryMs = 2;
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

const newline = 10;

export class Channel {
  readonly #descriptor: number;
  /** The beginning of a message. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #outgoing: Uint8Array[] = [];
  #open = true;

  constructor(descriptor: number, { incoming, outgoing }: InTransit = { incoming: "", outgoing: "" }) {
    this.#descriptor = descriptor;
    if (incoming !== "") this.#keep(Buffer.from(incoming, "base64"));
    if (outgoing !== "") this.#outgoing.push(Buffer.from(outgoing, "base64"));
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  get inTransit(): InTransit {
    const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("base64");
    return { incoming: text(this.#rest), outgoing: text(this.#outgoing) };
  }

  /** @param keepsAlive whether this holds the event loop */
  listen<Message>(listeners: ChannelListeners<Message>, keepsAlive: boolean): void {
    this.#flush();
    const end = () => {
      if (!this.#open) return;
      this.#open = false;
      listeners.closed();
    };
    const options = {
      fd: this.#descriptor,
      socket: {
        open: (socket: { unref(): void }) => keepsAlive || socket.unref(),
        data: (_socket: unknown, chunk: Uint8Array) => this.#read(chunk, listeners),
        end,
        close: end,
        error: end,
      },
    };
    // `fd` works for a pair's end, and is not in the types.
    void Bun.connect(options as unknown as Parameters<typeof Bun.connect>[0]).then((socket) => {
      if (!keepsAlive) socket.unref();
    }, end);
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

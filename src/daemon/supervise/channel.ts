// One end of the pair of sockets between supervisor and worker: JSON, a message a line. What is sent leaves at once, also
// when the process ends in the next statement; what finds no room is kept until there is some.
import { closeDescriptor, tryWrite } from "../../libc/files.ts";
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

export class Channel {
  readonly #descriptor: number;
  readonly #decoder = new TextDecoder();
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

  /** @param keepsAlive whether this holds the event loop */
  listen<Message>(listeners: ChannelListeners<Message>, keepsAlive: boolean): void {
    const end = () => {
      if (!this.#open) return;
      this.#open = false;
      listeners.closed();
    };
    if (keepsAlive) {
      const close = () => {
        end();
        closeDescriptor(this.#descriptor);
      };
      void this.#readAll(listeners).then(close, close);
      return;
    }
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

  /**
   * With a socket of Bun.connect in it, the event loop wakes up once a second for ever. This one reads a duplicate, and
   * holds the event loop.
   */
  async #readAll<Message>(listeners: ChannelListeners<Message>): Promise<void> {
    for await (const chunk of Bun.file(this.#descriptor).stream()) this.#read(chunk, listeners);
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

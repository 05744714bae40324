// The daemon of a soak, as its users have it: dist/djob, called by name. Its processes are known by a variable of their own.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const djob = join(import.meta.dir, "../../dist/djob");
const marker = "DJOB_SOAK";

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class SoakDaemon {
  readonly #module: string;
  readonly #environment: Record<string, string>;
  readonly #id: string;
  readonly state: string;

  constructor(directory: string, module: string, environment: Readonly<Record<string, string>>) {
    this.#module = module;
    this.state = join(directory, "state");
    this.#id = `${process.pid}-${directory}`;
    this.#environment = {
      ...environment,
      DJOB_DIR: this.state,
      [marker]: this.#id,
      NO_COLOR: "1",
      TZ: "UTC",
    };
  }

  async run(): Promise<void> {
    const flags = ["--keep-runs", "10000000", "--restart-delay", "20ms", "--restart-max", "100000/1m"];
    await this.must("run", this.#module, ...flags, "--ready-timeout", "60s", "--stop-timeout", "20s");
  }

  /** What a client asks, which may fail while the worker is away. */
  async ask(...args: string[]): Promise<Answer> {
    const env = { ...process.env, ...this.#environment };
    const child = Bun.spawn([djob, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, stdout, stderr };
  }

  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ask(...args);
    if (code !== 0) throw new Error(`djob ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** @returns whether there was one, and it was ours */
  async killWorker(): Promise<boolean> {
    const { code, stdout } = await this.ask("status", "soak", "--json");
    const { workerPid } = code === 0 ? JSON.parse(stdout) : { workerPid: null };
    if (workerPid === null || !this.processes().includes(workerPid)) return false;
    try {
      process.kill(workerPid, "SIGKILL");
      return true;
    } catch {
      return false;
    }
  }

  /** All that it has started and that is not gone. */
  processes(): number[] {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 1 && pid !== process.pid && this.#isOurs(pid));
  }

  #isOurs(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${marker}=${this.#id}`);
    } catch {
      return false;
    }
  }
}

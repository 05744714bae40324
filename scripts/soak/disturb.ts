// What a soak does to its daemon while it works: kills its worker, reloads it, sets its clock, and asks things of its jobs.
import type { FakeWallClock } from "./clock.ts";
import type { SoakDaemon } from "./daemon.ts";
import { below, type Random, type SoakJob } from "./jobs.ts";
import { readTraces } from "./module.ts";

export interface Done {
  readonly counts: Map<string, number>;
  /** The runs that clients were told to have triggered, and calls whose answer was lost. */
  readonly triggered: Set<string>;
  lostTriggers: number;
}

const clientPauseMs = 250;
/** What has not come forward for so long is left alone until it has: a machine may be too busy to do so between two kills. */
const hurtForMs = 15_000;

export class Disturbance {
  readonly #daemon: SoakDaemon;
  readonly #clock: FakeWallClock;
  readonly #jobs: readonly SoakJob[];
  readonly #random: Random;
  readonly #directory: string;
  readonly done: Done = { counts: new Map(), triggered: new Set(), lostTriggers: 0 };
  /** The daemon must have seen the clock at least at this time before it is set back. */
  #seenAtLeastMs: number;
  #isLeftAlone = false;

  constructor(
    directory: string,
    daemon: SoakDaemon,
    clock: FakeWallClock,
    jobs: readonly SoakJob[],
    random: Random,
  ) {
    this.#directory = directory;
    this.#daemon = daemon;
    this.#clock = clock;
    this.#jobs = jobs;
    this.#random = random;
    this.#seenAtLeastMs = clock.now;
  }

  async until(deadlineMs: number): Promise<void> {
    const goesOn = () => performance.now() < deadlineMs;
    await Promise.all([this.#hurt(goesOn), this.#setClock(goesOn), this.#ask(goesOn)]);
  }

  /** A time of the job that comes every second has begun at or after a time of the daemon's clock. */
  async tickedSince(timeMs: number, patienceMs = 60_000): Promise<number> {
    const startMs = performance.now();
    const deadlineMs = startMs + patienceMs;
    for (;;) {
      const last = lastTick(this.#directory);
      // One that is ahead is of a clock that was wrong.
      const hasCome = last >= timeMs && last <= this.#clock.now;
      this.#isLeftAlone = !hasCome && performance.now() > startMs + hurtForMs;
      if (hasCome) return last;
      if (performance.now() > deadlineMs)
        throw new Error(
          `nothing ran any more: the clock is at ${new Date(this.#clock.now).toISOString()}, the last tick was at ${new Date(last).toISOString()}, and one since ${new Date(timeMs).toISOString()} was waited for ${patienceMs} ms`,
        );
      await Bun.sleep(100);
    }
  }

  async #hurt(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      await Bun.sleep(1_500 + below(this.#random, 3_500));
      if (!goesOn()) return;
      if (this.#isLeftAlone) continue;
      const luck = this.#random();
      if (luck < 0.6) this.#count("SIGKILLs", await this.#daemon.killWorker());
      else if (luck < 0.95) this.#count("reloads", (await this.#daemon.ask("reload", "soak")).code === 0);
      else this.#count("restarts", (await this.#daemon.ask("restart", "soak")).code === 0);
    }
  }

  async #setClock(goesOn: () => boolean): Promise<void> {
    // The rare ones have their turn in any case.
    const turns = [
      "forward",
      "wrong",
      "back",
      "minutes",
      "wrong",
      "correction",
      "back",
      "hours back",
    ] as const;
    for (let at = 0; goesOn(); at += 1) {
      await Bun.sleep(1_000 + below(this.#random, 4_000));
      const turn = turns[at % turns.length] ?? "forward";
      if (turn === "forward") this.#forward(1 + below(this.#random, 60));
      else if (turn === "minutes") this.#forward(60 * (10 + below(this.#random, 60)));
      else if (turn === "correction") this.#forward(3 * 3_600 + below(this.#random, 1_800));
      else if (turn === "wrong") await this.#wrong(3 * 3_600 + below(this.#random, 1_800));
      else
        await this.#back(
          turn === "back" ? 1 + below(this.#random, 600) : 3 * 3_600 + below(this.#random, 1_800),
        );
    }
  }

  #forward(seconds: number): void {
    this.#clock.step(seconds);
    this.#seenAtLeastMs = this.#clock.now;
    this.#count("clock set forward");
  }

  /** As if it had been set wrong, and then right: what it has passed over comes again, at once. */
  async #wrong(seconds: number): Promise<void> {
    this.#forward(seconds);
    if (this.#random() < 0.7) await this.tickedSince(this.#seenAtLeastMs);
    else await Bun.sleep(below(this.#random, 3_000));
    this.#clock.step(-seconds);
    this.#seenAtLeastMs = this.#clock.now;
    this.#count("clock set wrong and right");
    await this.tickedSince(this.#seenAtLeastMs);
  }

  /** For some seconds, in which nothing that has come comes again; then right again, or beyond that. */
  async #back(seconds: number): Promise<void> {
    await this.tickedSince(this.#seenAtLeastMs);
    this.#clock.step(-seconds);
    this.#count("clock set back");
    await Bun.sleep(1_000 + below(this.#random, 3_000));
    if (this.#random() < 0.3) this.#forward(Math.ceil(seconds / 2));
    await Bun.sleep(500);
    const behindMs = this.#clock.latestMs - this.#clock.now;
    this.#forward(Math.ceil(behindMs / 1_000) + below(this.#random, 30));
  }

  async #ask(goesOn: () => boolean): Promise<void> {
    const paused = new Set<string>();
    while (goesOn()) {
      await Bun.sleep(below(this.#random, 2 * clientPauseMs));
      const job = this.#jobs[below(this.#random, this.#jobs.length)]?.name ?? "tick";
      // It tells how far the daemon has come.
      if (job === "tick" || job.startsWith("always")) continue;
      const luck = this.#random();
      if (luck < 0.35) await this.#trigger(job);
      else if (luck < 0.6) await this.#cancel();
      else if (luck < 0.75) {
        this.#count("pauses", (await this.#daemon.ask("pause", "soak", job)).code === 0);
        paused.add(job);
      } else if (luck < 0.85) {
        const [first] = paused;
        if (first === undefined) continue;
        if ((await this.#daemon.ask("resume", "soak", first)).code === 0) paused.delete(first);
      } else {
        const question =
          luck < 0.9 ? ["jobs", "soak"] : luck < 0.95 ? ["why", "soak", job] : ["runs", "soak", job];
        this.#count("questions", (await this.#daemon.ask(...question, "--json")).code === 0);
      }
    }
  }

  async #trigger(job: string): Promise<void> {
    const { code, stdout } = await this.#daemon.ask("trigger", "soak", job, "--input", "{}", "--json");
    const { id } = code === 0 ? JSON.parse(stdout) : { id: undefined };
    if (typeof id === "string") this.done.triggered.add(id);
    else this.done.lostTriggers += 1;
    this.#count("triggers", code === 0);
  }

  async #cancel(): Promise<void> {
    const begun = new Map(readTraces(this.#directory, 20_000).map(({ what, id }) => [id, what]));
    const open = [...begun].filter(([, what]) => what === "B").map(([id]) => id);
    const id = open[below(this.#random, open.length)];
    if (id === undefined || id.startsWith("tick@")) return;
    this.#count("cancels", (await this.#daemon.ask("cancel", "soak", id)).code === 0);
  }

  #count(what: string, isDone = true): void {
    const key = isDone ? what : `${what} in vain`;
    this.done.counts.set(key, (this.done.counts.get(key) ?? 0) + 1);
  }
}

/** The last that has begun, which is not the latest where the clock was set back. */
function lastTick(directory: string): number {
  const last = readTraces(directory, 200_000).findLast(
    ({ what, id }) => what === "B" && id.startsWith("tick@"),
  );
  return last === undefined ? 0 : Date.parse(last.id.slice("tick@".length));
}

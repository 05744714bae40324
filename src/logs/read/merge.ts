// Several logs as one, by time. Within one log its own order stays: a record that says it is earlier than the one before
// it comes right after that. Pure, over cursors.
import type { Records } from "./records.ts";

interface Lane {
  readonly records: Records;
  readonly index: number;
  /** A record waits in it. */
  isReady: boolean;
  /** Nothing came when it was asked last. */
  isDry: boolean;
  timeMs: number;
}

export class Merge {
  readonly #lanes: Lane[] = [];
  #taken: Lane | null = null;

  constructor(all: readonly Records[]) {
    for (const records of all) this.add(records);
  }

  /** One more, with the next index. */
  add(records: Records): void {
    const index = this.#lanes.length;
    this.#lanes.push({ records, index, isReady: false, isDry: false, timeMs: Number.NEGATIVE_INFINITY });
  }

  /** What had nothing more may have something by now. */
  wake(): void {
    for (const lane of this.#lanes) lane.isDry = false;
  }

  /** @returns which log has the next record, or the next part of the one before, as its reader's current one; -1: there is none */
  next(): number {
    const taken = this.#taken;
    if (taken !== null) {
      this.#advance(taken);
      if (taken.isReady && taken.records.reader.isPart) return taken.index;
    }
    let first: Lane | null = null;
    for (const lane of this.#lanes) {
      if (!lane.isReady && !lane.isDry) this.#advance(lane);
      if (lane.isReady && (first === null || lane.timeMs < first.timeMs)) first = lane;
    }
    this.#taken = first;
    return first === null ? -1 : first.index;
  }

  #advance(lane: Lane): void {
    lane.isReady = lane.records.next();
    lane.isDry = !lane.isReady;
    const { timeMs } = lane.records.reader.header;
    // Not "<": a time that is not known is that of the record before.
    if (lane.isReady && timeMs > lane.timeMs) lane.timeMs = timeMs;
  }
}

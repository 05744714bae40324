// What modules print becomes records.
import { takeOverConsole } from "../logs/console.ts";
import { takeOverStreams } from "../logs/streams.ts";
import type { Journal } from "./journal.ts";

export function takeOverOutput(journal: Journal): void {
  takeOverConsole(journal.console, journal.isStructured);
  takeOverStreams(journal.raw);
}

// The beginning of a Web Worker of a user's module, before the module's own script runs there.
import { takeOverStreams } from "../../logs/streams.ts";

/** Bun's own streams of such a thread open the log once more: they would go on writing to the old file after a rotation. */
export function beginModuleThread(): void {
  takeOverStreams();
}

// The beginning of a Web Worker of a user's module, or of such a Worker, before the module's own script runs there.
import { takeOverStreams } from "../../logs/streams.ts";
import { handDownProcessEnvironment } from "../../runtime/child-environment.ts";

/**
 * Bun's own streams of such a thread open the log once more: they would go on writing to the old file after a rotation.
 * @param preload what the Workers that it begins load first
 */
export function beginModuleThread(preload: string): void {
  takeOverStreams();
  handDownProcessEnvironment(preload);
}

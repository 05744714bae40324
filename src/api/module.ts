// Gives user modules their `import { job } from "djob"`, with nothing installed.
import { plugin } from "bun";
import type { DeclareJob } from "./types.ts";

/** From now on in this process, "djob" is a module whose `job` is this function. */
export function provideApi(job: DeclareJob): void {
  plugin({
    name: "djob",
    setup(build) {
      build.module("djob", () => ({ exports: { job }, loader: "object" }));
    },
  });
}

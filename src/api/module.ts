// Gives user modules their `import { job } from "djob"`, with nothing installed.
import { plugin } from "bun";

type Api = typeof import("djob");

/** From now on in this process, "djob" is a module that exports these. */
export function provideApi(job: Api["job"], sockets: Api["sockets"]): void {
  plugin({
    name: "djob",
    setup(build) {
      build.module("djob", () => ({ exports: { job, sockets }, loader: "object" }));
    },
  });
}

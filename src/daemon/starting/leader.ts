// The session leader: born into a new session by setsid, it starts the supervisor, or the worker where there is none, as
// its child and ends at once. The child, no session leader, can never get a controlling terminal. It lives for some
// milliseconds: it loads next to nothing.
import { exitCode } from "../../exit-code.ts";
import { spawn } from "../../libc/spawn.ts";
import { attributesVariable, firstFreeDescriptor, readinessDescriptor } from "../descriptors.ts";
import { heardSignals } from "../heard-signals.ts";
import { noAttributes, ownExecutable, stageEnvironment } from "../stage.ts";
import { tell } from "./readiness.ts";

/** @returns the exit code of the leader */
export async function lead(
  inherited: Readonly<Record<string, string | undefined>>,
  next: "worker" | "supervisor",
): Promise<number> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) if (value !== undefined) environment[name] = value;
  try {
    const attributes = environment[attributesVariable] ?? noAttributes;
    delete environment[attributesVariable];
    if (attributes !== noAttributes) (await import("../privileges/attributes.ts")).applyEncoded(attributes);
    const pid = spawn({
      path: ownExecutable(),
      argv: [process.argv0],
      environment: stageEnvironment(next, environment),
      descriptors: [0, 1, 2, 3, 4, 5].map((descriptor) => ({ from: descriptor, to: descriptor })),
      // SIGHUP stays ignored until the worker listens to it: at no moment of the start does one kill anything.
      defaultSignals: { allBut: ["SIGHUP"] },
      blockedSignals: heardSignals,
      closeFrom: firstFreeDescriptor,
    });
    tell(readinessDescriptor, { type: "spawned", pid });
    return exitCode.done;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell(readinessDescriptor, { type: "broken", message, hint: null });
    return exitCode.bug;
  }
}

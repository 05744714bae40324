// Starting the next process of the chain: the same executable, told by its environment which stage it is. With
// /proc/self/exe it stays the same even after the file on disk was replaced.
import type { CommandStage } from "../runtime/command/stage.ts";
import type { Stage } from "./descriptors.ts";
import { attributesVariable, stageVariable, titlePrefix } from "./descriptors.ts";
import { type Environment, quietSettings, withSmallHeap } from "./environment.ts";
import type { Attributes } from "./privileges/privileges.ts";
import type { Spec } from "./spec.ts";

/** What `ps` shows. */
export function processTitle({ name }: Pick<Spec, "name">): string {
  return `${titlePrefix}${name}`;
}

export function ownExecutable(): string {
  return process.platform === "linux" ? "/proc/self/exe" : process.execPath;
}

/** What a stage is started with: the daemon's environment and djob's own variables. */
export function stageEnvironment(stage: Stage, environment: Environment): Environment {
  const isSupervisor = stage === "supervisor" || stage === "lone-supervisor";
  const own = isSupervisor ? withSmallHeap(environment) : environment;
  return { ...Object.fromEntries(quietSettings), ...own, [stageVariable]: stage };
}

/** What a leader finds that has none to apply. */
export const noAttributes = "null";

/** The leader's, with what it is to give all others. Always: nobody else may have set that variable. */
export function leaderEnvironment(
  stage: "leader-of-worker" | "leader-of-supervisor",
  environment: Environment,
  attributes: Attributes | null,
): Environment {
  return { ...stageEnvironment(stage, environment), [attributesVariable]: JSON.stringify(attributes) };
}

/** By way of which a job's command becomes another user or is limited. */
export function commandStage(spec: Pick<Spec, "name">): CommandStage {
  const environment = stageEnvironment("run", {});
  return { executable: ownExecutable(), argv0: processTitle(spec), environment };
}

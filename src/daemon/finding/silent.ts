// What a daemon was started with, read from its process when it does not answer: a job blocks its event loop, or somebody
// has stopped the process. Only for a process that is proven to be the daemon.
import { readFileSync, readlinkSync } from "node:fs";
import { specDescriptor, specFileName, stageVariable } from "../descriptors.ts";
import { type Environment, isQuietSetting, withoutSmallHeap } from "../environment.ts";
import { decodeSpec, type Spec } from "../spec.ts";

/** @returns null where it can't be read, or before the worker has kept it: to read the pipe would take it away */
export function specOfProcess(pid: number): Spec | null {
  const path = `/proc/${pid}/fd/${specDescriptor}`;
  try {
    if (!readlinkSync(path).startsWith(`/memfd:${specFileName}`)) return null;
    return decodeSpec(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/** The environment that it was started with, without djob's own variables. @throws if it can't be read */
export function environmentOfProcess(pid: number): Environment {
  const entries = readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\0")
    .filter((entry) => entry.includes("="))
    .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)] as const)
    .filter(([name, text]) => name !== stageVariable && !isQuietSetting(name, text));
  return withoutSmallHeap(Object.fromEntries(entries));
}

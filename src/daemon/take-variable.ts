// Taking a variable away from everything that is started later: out of process.env, and out of libc's own environment.
import { removeFromEnvironment } from "../libc/process.ts";

/** @returns its value */
export function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  removeFromEnvironment(name);
  return value;
}

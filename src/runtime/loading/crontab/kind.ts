// Which of a daemon's modules are crontabs. Pure.
import { basename, dirname, extname } from "node:path";

const scriptEndings: ReadonlySet<string> = new Set([
  ".ts",
  ".tsx",
  ".mts",
  ".cts",
  ".js",
  ".jsx",
  ".mjs",
  ".cjs",
]);
const crontabEndings: ReadonlySet<string> = new Set([".crontab", ".cron", ".tab"]);
/** Where cron itself keeps them. */
const crontabDirectories: ReadonlySet<string> = new Set([
  "/etc/cron.d",
  "/var/spool/cron",
  "/var/spool/cron/crontabs",
  "/var/spool/cron/tabs",
  "/etc/crontabs",
]);

export const crontabNames = "crontab, *.crontab, *.cron or *.tab";

/** Whether a file's name says that it is TypeScript or JavaScript. */
export function isScriptName(path: string): boolean {
  return scriptEndings.has(extname(path));
}

/**
 * A file named crontab, *.crontab, *.cron or *.tab, or in one of cron's directories; with --system-crontab all that are not TypeScript or
 * JavaScript by their ending.
 */
export function isCrontab(path: string, isSystem: boolean): boolean {
  if (isScriptName(path)) return false;
  const name = basename(path);
  return (
    isSystem ||
    name === "crontab" ||
    crontabEndings.has(extname(name)) ||
    crontabDirectories.has(dirname(path))
  );
}

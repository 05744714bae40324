// An @reboot line in a user's crontab(5), for machines whose init system djob does not know, and for users that have
// none of their own. The line ends with a comment by which it is found again; all other lines stay as they are. Pure.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import type { BootEntry } from "./entry.ts";
import { shellWord, shellWords } from "./shell.ts";

/** @throws {DjobError} for what cron programs do not agree about */
export function crontabLine({ name, djobPath, runArguments, environment }: BootEntry): string {
  const variables = environment.map(([key, value]) => `${key}=${shellWord(value)} `).join("");
  const command = `${variables}${shellWords([djobPath, "run", "--ok", ...runArguments])}`;
  if (/\\[\\%]/.test(command)) {
    throw new DjobError(
      exitCode.usage,
      `cannot install ${name} in a crontab: some cron programs change a backslash that comes before another one or before %`,
      "give such a value in a file, with --env-file",
    );
  }
  return `@reboot ${command.replaceAll("%", "\\%")} ${markerOf(name)}`;
}

/** Puts the line where the daemon's own was, or at the end. */
export function withLine(crontab: string, name: string, line: string): string {
  const lines = linesOf(crontab);
  const isOwn = isLineOf(name);
  const at = lines.findIndex(isOwn);
  if (at < 0) return `${crontab === "" || crontab.endsWith("\n") ? crontab : `${crontab}\n`}${line}\n`;
  return lines.flatMap((old, index) => (index === at ? [`${line}\n`] : isOwn(old) ? [] : [old])).join("");
}

export function withoutLine(crontab: string, name: string): string {
  return linesOf(crontab)
    .filter((line) => !isLineOf(name)(line))
    .join("");
}

export function hasLine(crontab: string, name: string): boolean {
  return linesOf(crontab).some(isLineOf(name));
}

/** With their ends, so that what is put together again is the same byte for byte. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

function isLineOf(name: string): (line: string) => boolean {
  return (line) => line.startsWith("@reboot ") && line.trimEnd().endsWith(` ${markerOf(name)}`);
}

function markerOf(name: string): string {
  return `# djob ${name}`;
}

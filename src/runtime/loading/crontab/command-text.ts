// The command of a crontab's line: what is before the first % goes to the shell, the rest is what the command reads, as in
// cronie's do_command. Pure.

export interface CommandText {
  readonly command: string;
  /** null: it reads nothing. */
  readonly stdin: string | null;
}

/** `\%` is a percent sign; a backslash before anything else stays. Each further % is a newline, and one is added at the end. */
export function splitCommand(text: string): CommandText {
  let command = "";
  let isEscaped = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (isEscaped && character === "%") command = `${command.slice(0, -1)}%`;
    else if (character === "%") return { command, stdin: inputOf(text.slice(at + 1)) };
    else command += character;
    // After an escaped backslash there is nothing escaped.
    isEscaped = !isEscaped && character === "\\";
  }
  return { command, stdin: null };
}

/** Here a backslash escapes only a %: after two of them, it still does. */
function inputOf(text: string): string | null {
  if (text === "") return null;
  const input = text.replace(/\\%|%/g, (found) => (found === "%" ? "\n" : "%"));
  return input.endsWith("\n") ? input : `${input}\n`;
}

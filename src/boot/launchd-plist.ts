// The property list of a daemon, for launchd (launchd.plist(5)). launchd keeps what it starts, so djob stays in the
// foreground. Pure.
import { type BootEntry, graceMs, marker, unitName } from "./entry.ts";

const umask = 0o022;

export function launchdPlist(entry: BootEntry): string {
  const { name, djobPath, runArguments, environment, stopTimeoutMs } = entry;
  const words = [djobPath, "run", "--foreground", ...runArguments];
  const variables = environment.flatMap(([key, value]) => [
    `    <key>${xml(key)}</key>`,
    `    <string>${xml(value)}</string>`,
  ]);
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${marker}: change it by installing again -->`,
    '<plist version="1.0">',
    "<dict>",
    "  <key>Label</key>",
    `  <string>${xml(unitName(name))}</string>`,
    "  <key>ProgramArguments</key>",
    "  <array>",
    ...words.map((word) => `    <string>${xml(word)}</string>`),
    "  </array>",
    ...(variables.length === 0
      ? []
      : ["  <key>EnvironmentVariables</key>", "  <dict>", ...variables, "  </dict>"]),
    "  <key>RunAtLoad</key>",
    "  <true/>",
    "  <key>KeepAlive</key>",
    "  <dict>",
    "    <key>SuccessfulExit</key>",
    "    <false/>",
    "  </dict>",
    "  <key>ThrottleInterval</key>",
    "  <integer>3</integer>",
    "  <key>ExitTimeOut</key>",
    `  <integer>${Math.ceil((stopTimeoutMs + graceMs) / 1000)}</integer>`,
    "  <key>WorkingDirectory</key>",
    "  <string>/</string>",
    "  <key>Umask</key>",
    `  <integer>${umask}</integer>`,
    "</dict>",
    "</plist>",
  ].join("\n")}\n`;
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

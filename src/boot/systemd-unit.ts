// The systemd unit of a daemon, after systemd.service(5), systemd.exec(5) and systemd.syntax(7). Pure.
import { type BootEntry, graceMs, marker } from "./entry.ts";

export function systemdUnit(entry: BootEntry): string {
  const { name, scope, environment, readyTimeoutMs, stopTimeoutMs } = entry;
  const isSystem = scope === "system";
  return lines([
    `# ${marker}: change it by installing again, or with systemctl ${isSystem ? "" : "--user "}edit`,
    "[Unit]",
    `Description=djob daemon ${name}`,
    ...(isSystem ? ["Wants=network-online.target", "After=network-online.target"] : []),
    ...mountLines(entry),
    "",
    "[Service]",
    "Type=notify",
    "NotifyAccess=main",
    ...environment.map(([key, value]) => `Environment=${systemdSetting(`${key}=${value}`)}`),
    "WorkingDirectory=/",
    "UMask=0022",
    `ExecStart=${commandLine(entry)}`,
    "ExecReload=/bin/kill -HUP $MAINPID",
    "Restart=on-failure",
    // Slower than the manager's limit of 5 starts in 10 s: a database that is down for an hour is no reason to give up.
    "RestartSec=3s",
    `TimeoutStartSec=${timeSpan(readyTimeoutMs + graceMs)}`,
    `TimeoutStopSec=${timeSpan(stopTimeoutMs + graceMs)}`,
    "WatchdogSec=30s",
    "KillMode=mixed",
    ...(isSystem ? directoryLines : []),
    "",
    ...hardening(entry),
    "",
    "[Install]",
    `WantedBy=${isSystem ? "multi-user.target" : "default.target"}`,
  ]);
}

/**
 * One word of a command line. Specifiers (%) and variables ($) are expanded there even within quotes, so both are
 * doubled.
 */
function systemdWord(text: string): string {
  return systemdSetting(text.replaceAll("$", "$$$$"));
}

/** One word of a setting that is a list: as in a command line, but without variables. */
function systemdSetting(text: string): string {
  const escaped = text.replaceAll("%", "%%");
  if (/^[\w/.,:=@+%-]+$/.test(escaped)) return escaped;
  const inner = escaped.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\t", "\\t");
  return `"${inner}"`;
}

function commandLine({ djobPath, runArguments }: BootEntry): string {
  // No variable is expanded in the program's own path.
  const words = ["run", "--foreground", ...runArguments].map(systemdWord);
  return [systemdSetting(djobPath), ...words].join(" ");
}

function mountLines({ scope, neededDirectories }: BootEntry): string[] {
  if (scope === "user") return [];
  return neededDirectories.map((directory) => `RequiresMountsFor=${systemdSetting(directory)}`);
}

/** All daemons share these, so one that ends must not take them from the others. */
const directoryLines = [
  "RuntimeDirectory=djob",
  "RuntimeDirectoryMode=0700",
  "RuntimeDirectoryPreserve=yes",
  "StateDirectory=djob",
  "StateDirectoryMode=0700",
  "LogsDirectory=djob",
];

/**
 * What no daemon of TypeScript jobs needs. A user's own manager may neither drop capabilities nor mount, and refuses to
 * start a unit that asks for it. ProtectClock is left out: it would take all devices but a few from the jobs.
 */
function hardening({ scope, dropsPrivileges, runsCrontab, writtenDirectories }: BootEntry): string[] {
  if (runsCrontab)
    return [
      "# What the commands of a crontab need is not known: as cron's own unit, this one keeps nothing from them.",
    ];
  const everywhere = ["LockPersonality=yes", "RestrictSUIDSGID=yes"];
  const comment = "# MemoryDenyWriteExecute= can't be set: a JIT compiler needs memory that is both.";
  if (scope === "user") return [comment, "NoNewPrivileges=yes", ...everywhere];
  return [
    comment,
    ...(dropsPrivileges ? [] : ["NoNewPrivileges=yes"]),
    ...everywhere,
    "ProtectSystem=full",
    ...writtenDirectories
      .filter((directory) => /^\/(usr|boot|efi|etc)(\/|$)/.test(directory))
      .map((directory) => `ReadWritePaths=${systemdSetting(`-${directory}`)}`),
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
  ];
}

function timeSpan(durationMs: number): string {
  return durationMs % 1000 === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}

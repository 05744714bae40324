// The service script of a daemon, for OpenRC (openrc-run(8)). djob daemonizes and supervises itself, so OpenRC's own
// start-stop-daemon stays out of it. Pure.
import { type BootEntry, marker } from "./entry.ts";
import { scriptCalls, scriptPrelude } from "./shell.ts";

export function openrcScript(entry: BootEntry): string {
  const { name } = entry;
  const { run, stop, reload, status } = scriptCalls(entry);
  return `#!/sbin/openrc-run
# ${marker}: change it by installing again.
# OpenRC reads the variables, and arguments are meant literally:
# shellcheck shell=sh disable=SC2016,SC2034,SC2088

description="djob daemon ${name}"
description_reload="Load its modules anew"
extra_started_commands="reload"
${scriptPrelude(entry)}

depend() {
  need localmount
  use net dns logger
  after bootmisc clock
}

start() {
  ebegin "Starting djob daemon ${name}"
  ${run}
  eend $?
}

stop() {
  ebegin "Stopping djob daemon ${name}"
  ${stop}
  eend $?
}

reload() {
  ebegin "Reloading djob daemon ${name}"
  ${reload}
  eend $?
}

status() {
  ${status}
}
`;
}

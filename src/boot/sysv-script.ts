// The init script of a daemon, for SysV init: its header, actions and exit codes are the Linux Standard Base's (5.0,
// chapter 22). djob daemonizes itself, so the script only calls it. Pure.
import { type BootEntry, marker, unitName } from "./entry.ts";
import { scriptCalls, scriptPrelude } from "./shell.ts";

export function sysvScript(entry: BootEntry): string {
  const { name } = entry;
  const unit = unitName(name);
  const { run, stop, reload, status } = scriptCalls(entry);
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          ${unit}
# Required-Start:    $remote_fs $syslog
# Required-Stop:     $remote_fs $syslog
# Should-Start:      $network $named $time
# Should-Stop:       $network $named
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: djob daemon ${name}
# Description:       djob daemon ${name}, as djob run starts it
### END INIT INFO
# chkconfig: 2345 95 05
# description: djob daemon ${name}
#
# ${marker}: change it by installing again.
# Arguments are meant literally:
# shellcheck disable=SC2016,SC2088

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
${scriptPrelude(entry)}

# The LSB keeps 8 to 99 for itself: what djob says with them is a failure here.
finish() {
  [ "$1" -le 7 ] || exit 1
  exit "$1"
}

start() {
  ${run}
}

stop() {
  ${stop}
}

reload() {
  ${reload}
}

status() {
  ${status}
}

# What can't be told must not be taken for "not running".
is_running() {
  status >/dev/null 2>&1
  case $? in
    0) return 0 ;;
    1 | 3) return 1 ;;
    *) exit 1 ;;
  esac
}

if [ $# -ne 1 ]; then
  echo "usage: $0 {start|stop|status|restart|try-restart|reload|force-reload}" >&2
  exit 2
fi
if [ ! -x "$djob" ]; then
  echo "$0: $djob is not installed" >&2
  [ "$1" = status ] && exit 4
  exit 5
fi
cd / || exit 1

case "$1" in
  start)
    start
    finish $?
    ;;
  stop)
    stop
    finish $?
    ;;
  restart)
    stop || finish $?
    start
    finish $?
    ;;
  try-restart | condrestart)
    is_running || exit 0
    stop || finish $?
    start
    finish $?
    ;;
  reload)
    reload
    finish $?
    ;;
  force-reload)
    if is_running; then reload; else start; fi
    finish $?
    ;;
  status)
    status
    exit $?
    ;;
  *)
    echo "usage: $0 {start|stop|status|restart|try-restart|reload|force-reload}" >&2
    exit 2
    ;;
esac
`;
}

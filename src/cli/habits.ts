// What people type who come from pm2, docker, cron or another daemonizer, and what that is called here. Data alone.

/** Hints for words that are no command. */
export const commandHabits: Readonly<Record<string, string>> = {
  start: "to start one: djob run worker.ts",
  kill: "to end one: djob stop NAME",
  delete: "to end one: djob stop NAME; to have it no longer started at boot: djob uninstall NAME",
  rm: "to end one: djob stop NAME; to have it no longer started at boot: djob uninstall NAME",
  ps: "all that run: djob list",
  ls: "all that run: djob list",
  log: "what one has logged: djob logs NAME",
  tail: "to follow a log: djob logs NAME -f",
  show: "one with its jobs: djob status NAME",
  info: "one with its jobs: djob status NAME",
  describe: "one with its jobs: djob status NAME",
  startup: "to have one started at boot: djob install NAME",
  save: "to have one started at boot: djob install NAME",
  enable: "to have one started at boot: djob install NAME",
  unstartup: "to have one no longer started at boot: djob uninstall NAME",
  disable: "to have one no longer started at boot: djob uninstall NAME",
  exec: "to run one job now: djob run-once worker.ts JOB; any program as a daemon: djob run -- PROGRAM",
  history: "what became of each time: djob runs NAME",
  validate: "to look at modules without running their jobs: djob check worker.ts",
};

const background = "leave it out: djob run always goes to the background, unless --foreground is given";

/** Hints for flags of `djob run` that are none. */
export const flagHabits: Readonly<Record<string, string>> = {
  "-d": background,
  "-b": background,
  "--detach": background,
  "--daemon": background,
  "--daemonize": background,
  "--background": background,
  "-f": "write --foreground",
  "--no-daemon": "write --foreground",
  "-n": "write --name NAME",
  "--watch": "djob reload NAME takes new code when you say so",
  "--cron": "a schedule stands in the module, or in a crontab: see djob next --help",
  "--instances": "start one for each, with --name; a server needs reusePort: true",
  "-i": "start one for each, with --name; a server needs reusePort: true",
  "--cwd": "write --chdir DIR",
  "--output": "write --log FILE",
  "-o": "write --log FILE",
  "--error": "write --log-err FILE",
  "-e": "write --env KEY=VALUE, or --log-err FILE",
  "-p": "write --pidfile FILE",
  "--pid": "write --pidfile FILE",
  "-u": "write --user USER",
  "--max-memory-restart": "write --max-memory 512M",
  "--no-autorestart": "write --restart never",
  "--interpreter": "write djob run -- PROGRAM FILE",
};

const named = "the name is no flag: djob logs NAME";
const paged = "djob has no pager of its own: djob logs NAME --color always | less -R";

/** Hints for flags of `djob logs` that are none. */
export const logFlagHabits: Readonly<Record<string, string>> = {
  "--tail": "write -n N",
  "-F": "write -f: it goes on over rotations and restarts",
  "--retry": "write -f: a log that is not there is waited for",
  "-t": "leave it out: each line that djob writes begins with its time",
  "--timestamps": "leave it out: each line that djob writes begins with its time",
  "--no-color": "write --color never, or set NO_COLOR=1",
  "--colour": "write --color WHEN",
  "-u": named,
  "--unit": named,
  "-p": "write --level warn",
  "--priority": "write --level warn",
  "-S": "write --since TIME",
  "-U": "write --until TIME",
  "-g": "write --grep REGEX",
  "-o": "write --json",
  "--output": "write --json",
  "-r": "the oldest come first: -n N shows the last ones",
  "--reverse": "the oldest come first: -n N shows the last ones",
  "-e": "leave it out: what is shown ends with the last one",
  "--no-pager": paged,
  "--pager": paged,
  "--err": "write --level warn",
  "--nostream": "leave it out: without -f it ends",
  "--no-follow": "leave it out: without -f it ends",
};

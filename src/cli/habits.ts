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

// The descriptors that go down the chain, at the same numbers in every stage, and the environment variable that says
// which stage a process is. Both end with the worker: a job's own children get neither.

/** The locked pidfile. Who holds it open is the daemon; that also proves a pid to be ours. */
export const lockDescriptor = 3;
/** The pipe to the launcher; in a supervised worker, the pair of sockets that its supervisor has the other end of. */
export const readinessDescriptor = 4;
/** The pipe that holds the spec. */
export const specDescriptor = 5;
/** What the spec is called in /proc/PID/fd once the worker has read it. */
export const specFileName = "djob-spec";
export const firstFreeDescriptor = 6;
/** In a process that runs isolated jobs: its end of the pair of sockets that its worker has the other end of. */
export const hostDescriptor = 3;

export const stageVariable = "DJOB_STAGE";
/** Where the sockets of a socket activation are: `descriptor:name:descriptor:name…`. */
export const listenVariable = "DJOB_LISTEN_FDS";
/** The descriptor at which an upgraded supervisor finds what the one before it knew. */
export const handoverVariable = "DJOB_HANDOVER";
/** What the leader is to give all others; it ends with the leader. */
export const attributesVariable = "DJOB_ATTRIBUTES";
/** How argv[0] of every stage begins: without it the variable means nothing. */
export const titlePrefix = "djob: ";

/** The pid of a supervised worker's supervisor; for a process that runs isolated jobs, of its worker. */
export const supervisorVariable = "DJOB_SUPERVISOR";

/**
 * "worker" and "supervisor" have a launcher that waits for them; "alone" and "lone-supervisor" are what becomes of a
 * process in the foreground, and the first after a reload in place. "resumed-supervisor" is what a supervisor becomes
 * that is upgraded. "run" is what a job's command is before it is another user, or limited.
 */
export type Stage =
  | "leader-of-worker"
  | "leader-of-supervisor"
  | "worker"
  | "alone"
  | "supervisor"
  | "lone-supervisor"
  | "resumed-supervisor"
  | "supervised"
  | "command"
  | "run"
  | "isolated"
  | "check"
  | "once";

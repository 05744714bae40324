// What the worker needs of the process it lives in. Everything that touches descriptors, files and the process's own
// end comes in through here.
import type { ListenSocket } from "djob";
import type { DaemonState, SpecReport } from "../control/messages.ts";
import type { LogState } from "../logs/trouble.ts";
import type { Store, Trouble } from "../store/store.ts";
import type { Identity } from "./answers/status.ts";
import type { CommandStage } from "./command/stage.ts";
import type { ModuleFailure } from "./failure.ts";
import type { IsolationPort } from "./isolate/place.ts";
import type { Pen } from "./journal.ts";
import type { SupervisorLink } from "./link.ts";
import type { CrontabPort } from "./loading/crontab/source.ts";
import type { RunWatch } from "./running/runner.ts";

/** Its log. */
export interface WorkerLog extends Pen {
  readonly state: LogState;
  /** Opens its files anew. @throws if one can't be opened */
  reopen(): void;
  /** Another process has rotated one of them. */
  look(): void;
}

export interface WorkerPort {
  readonly identity: Identity;
  /** null: it has none, and serves the control socket itself. */
  readonly supervisor: SupervisorLink | null;
  readonly readyTimeoutMs: number;
  /** How much longer than its launcher the worker waits for itself. */
  readonly loadGraceMs: number;
  /** Whether HUP means that the terminal is gone, rather than "reload". */
  readonly stopsOnHangUp: boolean;
  /** What `import { sockets } from "djob"` gives. */
  readonly sockets: readonly ListenSocket[];
  /** null: nobody else looks on. */
  readonly runWatch: RunWatch | null;
  /** What hashed fields and jitter are spread by. */
  readonly host: string;
  readonly crontabs: CrontabPort;
  /** How a command becomes another user or is limited. */
  readonly commandStage: CommandStage;
  readonly isolation: IsolationPort;
  /** The kernel's; null: nobody knows. */
  bootId(): string | null;
  openStore(onTrouble: (trouble: Trouble | null) => void): Promise<Store>;
  /** Calls what opens files or sockets of djob's own, which modules are not to close by accident. */
  openAside<Result>(open: () => Result): Result;
  /** Called at each change. */
  stateChanged(state: DaemonState, jobs: number): void;
  /** @param withSecrets or else they are masked */
  spec(withSecrets: boolean): SpecReport;
  /** @returns false if the launcher is gone, so that nobody would know of this daemon */
  ready(jobs: number): boolean;
  /** Tells why, and ends what the modules have started already. */
  failed(failure: ModuleFailure): void;
  /** The pids of the processes that were started here and have not been reaped. */
  children(): readonly number[];
  /** It is about to end: after what. */
  crashed(what: string): void;
  /** Pidfile and socket. Called at every end that can be noticed, also more than once. */
  removeFiles(): void;
  exit(code: number): never;
  /** Ends at once, whatever the modules' exit listeners would do. */
  kill(): never;
  readonly log: WorkerLog;
  /** Becomes a new process with the same pid, unless a signal that came before has begun a stop. */
  replace(isStopping: () => boolean): Promise<void>;
}

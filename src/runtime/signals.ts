// The worker's signals. A user's module may listen to the same ones: its listeners are called as well.
import { unblockAllSignals } from "../libc/signals.ts";

export interface SignalActions {
  terminate(signal: NodeJS.Signals): void;
  /** On the second TERM or INT. */
  endNow(signal: NodeJS.Signals): void;
  hangUp(signal: NodeJS.Signals): void;
  reopenLogs(): void;
  dump(): void;
}

export interface SignalListeners {
  /** What modules have registered themselves for the signal that asks to end. */
  others(signal: NodeJS.Signals): readonly NodeJS.SignalsListener[];
}

export function listenToSignals(actions: SignalActions): SignalListeners {
  let terminations = 0;
  const terminate = (signal: NodeJS.Signals) => {
    terminations += 1;
    if (terminations === 1) actions.terminate(signal);
    else actions.endNow(signal);
  };
  const { hangUp, reopenLogs, dump } = actions;
  const own = new Set<unknown>([terminate, hangUp, reopenLogs, dump]);
  process.on("SIGTERM", terminate);
  process.on("SIGINT", terminate);
  process.on("SIGHUP", hangUp);
  process.on("SIGUSR1", reopenLogs);
  process.on("SIGUSR2", dump);
  // The process was started with them blocked: what has come before is heard now.
  unblockAllSignals();
  return {
    others: (signal) =>
      (process.listeners(signal) as NodeJS.SignalsListener[]).filter((other) => !own.has(other)),
  };
}

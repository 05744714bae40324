// The worker's side of the link: what it does when its supervisor says so.
import type { RemoteJobs } from "../control/calls.ts";
import type { StopReport } from "../control/messages.ts";
import { Answering } from "./answers/answering.ts";
import type { SupervisorLink } from "./link.ts";
import type { WorkerLog } from "./port.ts";
import type { Scheduler } from "./running/scheduler.ts";

export interface Orders {
  stop(reason: string, timeoutMs: number, signal: NodeJS.Signals): Promise<StopReport>;
  retire(): Promise<void>;
  takeOver(fromMs: number | null, running: readonly string[], workers: readonly number[]): void;
}

export function obey(
  supervisor: SupervisorLink,
  scheduler: Scheduler,
  jobs: RemoteJobs,
  log: Pick<WorkerLog, "look">,
  orders: Orders,
): void {
  const answering = new Answering(jobs, (message) => supervisor.send(message));
  supervisor.listen((message) => {
    switch (message.type) {
      case "request":
        return void answering.answer(message);
      case "leave":
        return answering.leave(message.id);
      case "ping":
        return supervisor.send({ type: "pong", id: message.id });
      case "stop":
        return void orders
          .stop(message.reason, message.timeoutMs, message.signal)
          .then((report) => supervisor.send({ type: "stopped", report }));
      case "yield":
        return void orders.retire();
      case "takeOver":
        return orders.takeOver(message.fromMs, message.running, message.workers);
      case "lookAtLog":
        return log.look();
      case "released":
        return scheduler.release(message.job, message.workers);
    }
  });
}

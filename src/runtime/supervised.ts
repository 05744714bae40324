// The worker's side of the link: what it does when its supervisor says so.
import type { StopReport } from "../control/messages.ts";
import type { SupervisorLink } from "./link.ts";
import type { Scheduler } from "./scheduler.ts";
import { jobStatus } from "./status.ts";

export interface Orders {
  stop(reason: string, timeoutMs: number, signal: NodeJS.Signals): Promise<StopReport>;
  retire(): Promise<void>;
  takeOver(fromMs: number | null, running: readonly string[]): void;
}

export function obey(supervisor: SupervisorLink, scheduler: Scheduler, orders: Orders): void {
  supervisor.listen((message) => {
    switch (message.type) {
      case "status":
        return supervisor.send({ type: "status", id: message.id, jobs: scheduler.jobs.map(jobStatus) });
      case "ping":
        return supervisor.send({ type: "pong", id: message.id });
      case "stop":
        return void orders
          .stop(message.reason, message.timeoutMs, message.signal)
          .then((report) => supervisor.send({ type: "stopped", report }));
      case "yield":
        return void orders.retire();
      case "takeOver":
        return orders.takeOver(message.fromMs, message.running);
      case "released":
        return scheduler.release(message.job);
    }
  });
}

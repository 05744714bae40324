// djob resume
import { pausingCommand } from "../pausing.ts";

export const resume = pausingCommand(
  "resume",
  "scheduled again",
  "Run a paused job, or all of them, at its times again",
  [
    ["djob resume worker", "all its jobs"],
    ["djob resume worker report", "one job only"],
  ],
);

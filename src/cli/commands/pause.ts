// djob pause
import { pausingCommand } from "../pausing.ts";

export const pause = pausingCommand(
  "pause",
  "paused",
  "Skip the times of a job, or of all jobs, until djob resume",
  [
    ["djob pause worker", "nothing starts by itself any more, also after a restart; runs go on"],
    ["djob pause worker report", "one job only"],
  ],
);

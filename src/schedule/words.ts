// A schedule in plain English, for those who do not read cron every day. cronstrue is loaded when it is asked.

import { fieldsFor } from "./cron-fields.ts";
import { plainWords } from "./cron-wall.ts";
import { formatExactDuration } from "./duration.ts";
import type { Schedule } from "./schedule.ts";

/** Such as "At 02:30, Monday through Friday"; what stands in the zone's wall clock is not converted. */
export async function describeInWords(schedule: Schedule): Promise<string> {
  switch (schedule.kind) {
    case "cron": {
      const words = plainWords(schedule.expression);
      const { default: cronstrue } = await import("cronstrue");
      try {
        return cronstrue.toString(words.map(shortened).join(" "), { use24HourTimeFormat: true });
      } catch {
        // It has no words for W in a list, or for a step longer than its field.
        return fieldByField(words);
      }
    }
    case "every": {
      const { intervalMs, offsetMs = 0 } = schedule;
      const since = offsetMs === 0 ? "" : `, ${formatExactDuration(offsetMs)} after each multiple of it`;
      return `Every ${formatExactDuration(intervalMs)}, counted from 1970-01-01T00:00:00Z${since}`;
    }
    case "at":
      return "Once";
    case "always":
      return "At once, and again whenever it ends";
    case "reboot":
      return "Once after each boot of the machine";
  }
}

function fieldByField(words: readonly string[]): string {
  const told = (fieldsFor(words.length) ?? []).flatMap(({ name }, index) =>
    words[index] === "*" ? [] : [`${name} ${words[index]}`],
  );
  return told.join(", ").replace(/^./, (letter) => letter.toUpperCase());
}

/** cronstrue knows names by their first three letters only, and "FRI#L" as "FRIL". */
function shortened(word: string): string {
  return word
    .toUpperCase()
    .replace(/#L/g, "L")
    .replace(/[A-Z]{4,}/g, (name) =>
      // A day's name may have an L for "last" behind it.
      /^(SUN|MON|TUES|WEDNES|THURS|FRI|SATUR)DAYL$/.test(name) || /^[A-Z]{3}L$/.test(name)
        ? `${name.slice(0, 3)}L`
        : name.slice(0, 3),
    );
}

// A sample of what djob runs: three jobs in one daemon.
import { job } from "djob";

const startedAt = Date.now();

job("heartbeat", "every 1s", ({ log }) => {
  log.info("still here", { upSeconds: Math.round((Date.now() - startedAt) / 1000) });
});

job("report", { cron: "0 9 * * MON-FRI", tz: "Europe/Berlin" }, async () => {
  console.log("this is printed at nine, Berlin time");
});

job("consumer", "always", async ({ signal }) => {
  console.log("waiting for messages until the daemon stops");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});

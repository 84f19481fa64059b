import { once } from "node:events";
import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase worker`: carries out queued steps until it is stopped. */
const command: Command = {
  name: "worker",
  summary: "Carry out queued steps until Ctrl-C",
  usage: "[--concurrency N] [--no-migrate]",
  details: "Takes over what workers that ended left behind. SIGTERM lets the steps in hand finish and gives the other jobs back.",
  examples: [
    ["marketbase worker", "two steps at once"],
    ["marketbase worker --concurrency 4", "four steps at once"],
  ],
  options: {
    concurrency: { type: "string", value: "N", description: "steps at once, 1 to 16 (default 2)" },
    "no-migrate": { type: "boolean", description: "leave roles and migrations to others; DATABASE_URL may be that of marketbase_worker" },
  },
  async run(context) {
    const { positiveInteger } = await import("../positive-integer.ts");
    const { openDatabase } = await import("../../database/open.ts");
    const { startWorker } = await import("../../worker/worker.ts");
    const concurrency = positiveInteger("--concurrency", context.option("concurrency") ?? "2", 16);
    const database = await openDatabase(context.config, { what: "marketbase worker", migrate: !context.flag("no-migrate") });
    try {
      const running = await startWorker(database.urlFor("worker"), {
        concurrency,
        redisUrl: context.config.redisUrl,
        auditHeads: context.config.auditHeads,
        stallMilliseconds: 60_000,
        onMessage: (message) => context.progress.info(message),
      });
      context.progress.info(`Worker is ready: ${concurrency} ${concurrency === 1 ? "step" : "steps"} at once. Ctrl-C stops it.`);
      await (context.signal.aborted ? undefined : Promise.race([once(context.signal, "abort"), running.ended]));
      await running.stop();
      if (!context.signal.aborted) throw new UserError("The worker ended by itself: the database did not answer.", { exitCode: EXIT.tryAgain, hint: "Start it again; a service manager does so by itself." });
    } finally {
      await database.close();
    }
  },
};

export default command;

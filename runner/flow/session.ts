import { once } from "node:events";
import type { CommandContext } from "../cli/command.ts";
import type { ExitCode } from "../config/user-error.ts";
import { openDatabase } from "../database/open.ts";
import { startGraphqlServer } from "../graphql/server.ts";
import { styleFor } from "../output/style.ts";
import { startWorker } from "../worker/worker.ts";
import { demonstrate } from "./demonstrate.ts";
import { formatSummary, nextSteps, readSummary } from "./summary.ts";

/**
 * One session of `marketbase start` or `marketbase demo`: database, worker and (for start) GraphQL in one process, the flow, the summary,
 * and everything closed again in the order in which it depends on each other.
 */
export async function runDemonstration(context: CommandContext, options: { serve: boolean; port?: string | undefined }): Promise<ExitCode | void> {
  const { config, progress } = context;
  const database = await progress.run(
    "open the database",
    (step) => openDatabase(config, { what: options.serve ? "marketbase start" : "marketbase demo", onProgress: (message) => step.note(message) }),
    ({ kind, applied }) => `${kind === "embedded" ? "embedded PostgreSQL" : "PostgreSQL of DATABASE_URL"}, ${applied.length === 0 ? "up to date" : "migrated"}`,
  );
  try {
    // The server first: a port in use is said before anything is computed.
    const server = options.serve
      ? await startGraphqlServer({ urlFor: database.urlFor, config, port: options.port, onMessage: (message) => progress.info(message) })
      : undefined;
    try {
      const worker = await startWorker(database.urlFor("worker"), { redisUrl: config.redisUrl, auditHeads: config.auditHeads, onMessage: (message) => progress.info(message) });
      try {
        const root = await demonstrate(worker.pool, progress);
        const summary = await readSummary(worker.pool, root);
        const style = styleFor(process.stdout);
        const verdict = root === undefined ? "Everything was there already: nothing was changed." : `The flow is done: run ${root}.`;
        context.print(
          `\n${formatSummary(summary, style)}\n\n${nextSteps(style, server?.url, summary.prediction?.id)}\n\n${verdict}${server === undefined ? "" : " Ctrl-C stops it."}`,
          { run_id: root ?? null, graphql: server?.url ?? null, ...summary },
        );
        if (server !== undefined && !context.signal.aborted) await Promise.race([once(context.signal, "abort"), worker.ended]);
      } finally {
        await worker.stop();
      }
    } finally {
      await server?.close();
    }
  } finally {
    await database.close();
  }
}

import { EXIT, UserError, type ExitCode } from "../../config/user-error.ts";
import type { BackfillState, PlannedChunk, Trouble } from "../../flow/backfill.ts";
import type { Command } from "../command.ts";

/** Pieces that a dry run lists as text; JSON has all of them. */
const SHOWN = 40;

/** `marketbase backfill`: many symbols and years, in pieces that survive whatever happens. */
const command: Command = {
  name: "backfill",
  summary: "Fetch many symbols or years, in pieces that survive a crash",
  usage: "--provider NAME (--symbols A,B… | --universe NAME [--as-of TIME]) [--from DATE] [--to DATE] [--chunk-days N]",
  details:
    "Each piece is one request for one symbol: landed, read and recorded in a run of its own. What is done stays done: after a crash or Ctrl-C the same command goes\n" +
    "on, and two at once share the work, as does every marketbase worker. A provider that limits is asked again when it wants to be. Exit status 1: a piece failed,\n" +
    "3: rows are in quarantine or a restatement waits (marketbase ingest held). The pieces are rows of pipeline.backfill_chunk.\n" +
    "Of a universe each member is fetched for the days on which it was one, those that have left since included: no survivorship bias. A member whose ticker is\n" +
    "another company's today cannot be asked for by it; the dry run lists it as unnamed.",
  examples: [
    ["marketbase backfill --provider yahoo --symbols AAPL,MSFT --from 2015-01-01", "ten years and more of two symbols"],
    ["marketbase backfill --provider yahoo --universe sp500 --from 2000-01-01 --to 2024-12-31 --chunk-days 1826 --reverse", "members of these years, five years at a time, the newest first"],
    ["marketbase backfill --provider yahoo --symbols AAPL --from 2015-01-01 --dry-run", "what it would ask for"],
    ["marketbase backfill --provider sec --dataset fundamentals --symbols AAPL,NVDA --reprocess failed", "once more what failed"],
  ],
  options: {
    provider: { type: "string", value: "NAME", description: "whom to ask" },
    dataset: { type: "string", value: "NAME", description: "what to fetch (default: what the provider has first)" },
    symbols: { type: "string", value: "A,B", multiple: true, description: "symbols, with commas; may be given again" },
    universe: { type: "string", value: "NAME", description: "the members of a universe, each for the days of its membership" },
    "as-of": { type: "string", value: "TIME", description: "its members as they were known then (default: now)" },
    from: { type: "string", value: "DATE", description: "first day (default: as far back as the provider, or the membership, goes)" },
    to: { type: "string", value: "DATE", description: "last day (default: until now)" },
    "chunk-days": { type: "string", value: "N", description: "days of a piece; wants --from or --universe (default: one piece for each symbol)" },
    reprocess: { type: "string", value: "WHAT", choices: ["none", "failed", "all"], description: "also what was tried before: none (default), failed or all" },
    "max-active": { type: "string", value: "N", description: "pieces at once, 1 to 64 (default 4)" },
    reverse: { type: "boolean", description: "the newest days first" },
    "dry-run": { type: "boolean", description: "only list the pieces" },
    detach: { type: "boolean", description: "leave the work to marketbase worker and return" },
  },
  async run(context): Promise<ExitCode> {
    const { config, option, all, flag, progress, print, signal } = context;
    const { findProvider, checkRequest } = await import("../../providers/index.ts");
    const { positiveInteger } = await import("../positive-integer.ts");
    const { count, table } = await import("../../output/table.ts");
    const name = option("provider");
    if (name === undefined) throw new UserError("It is not said whom to ask.", { exitCode: EXIT.usage, hint: "Give --provider, such as --provider yahoo." });
    const provider = findProvider(name);
    const dataset = option("dataset") ?? provider.datasets[0] ?? "bars";
    const given = all("symbols").flatMap((list) => list.split(",")).map((symbol) => symbol.trim()).filter((symbol) => symbol !== "");
    const universe = option("universe");
    if ((given.length > 0) === (universe !== undefined)) {
      throw new UserError("Either symbols or a universe is wanted.", { exitCode: EXIT.usage, hint: "Give --symbols AAPL,MSFT or --universe NAME." });
    }
    const days = option("chunk-days");
    const chunkDays = days === undefined ? undefined : positiveInteger("--chunk-days", days, 36_525);
    if (chunkDays !== undefined && universe === undefined && option("from") === undefined) {
      throw new UserError("Pieces of days begin at a first day.", { exitCode: EXIT.usage, hint: "Give --from as well." });
    }
    const asOf = option("as-of");
    if (asOf !== undefined && (universe === undefined || Number.isNaN(Date.parse(asOf)))) {
      throw new UserError(`--as-of: ${universe === undefined ? "only members of a universe are known at a time" : `"${asOf.slice(0, 40)}" is not a time`}.`, {
        exitCode: EXIT.usage, hint: "Give --universe NAME --as-of 2020-06-30T00:00:00Z.",
      });
    }
    const maxActive = positiveInteger("--max-active", option("max-active") ?? "4", 64);
    const dates = { from: option("from"), to: option("to") ?? (chunkDays === undefined ? undefined : new Date().toISOString().slice(0, 10)) };
    const subjects = [...new Set(given.map((subject) => checkRequest(provider, { dataset, subject, ...dates }).subject))];

    const { openDatabase } = await import("../../database/open.ts");
    const { createPool } = await import("../../database/pool.ts");
    const { startWorker } = await import("../../worker/worker.ts");
    const { followBackfill, newSymbols, planBackfill, readBackfill, readTroubles, startBackfill } = await import("../../flow/backfill.ts");
    const database = await progress.run("open the database", (step) => openDatabase(config, { what: "marketbase backfill", onProgress: (message) => step.note(message) }));
    const pool = createPool(database.urlFor("worker"), { name: `marketbase backfill ${process.pid}`, max: 2 });
    try {
      const request = { provider: provider.name, dataset, subjects, universe, asOf, ...dates, chunkDays, reprocess: option("reprocess") ?? "none", isReverse: flag("reverse"), maxActive };
      if (flag("dry-run")) {
        const plan = await planBackfill(pool, request);
        if (plan.length === 0) throw new UserError(`The universe ${universe} has no members on these days.`, { hint: "marketbase universe list shows which there are." });
        const added = await newSymbols(pool, plan.map(({ subject }) => subject));
        print(describePlan(plan, added, table, count), { provider: provider.name, dataset, chunks: plan, new_symbols: added });
        return EXIT.ok;
      }
      const runId = await startBackfill(pool, request);
      if (runId === undefined) {
        print("Nothing is to be done: all of it was tried before. --reprocess failed tries again what failed, --reprocess all everything.", { run_id: null, chunks: 0 });
        return EXIT.ok;
      }
      if (flag("detach")) {
        print(`Backfill ${runId} is queued; marketbase worker carries it out.`, { run_id: Number(runId), ...(await readBackfill(pool, runId)) });
        return EXIT.ok;
      }
      const worker = await startWorker(database.urlFor("worker"), {
        concurrency: Math.min(maxActive, 8), redisUrl: config.redisUrl, auditHeads: config.auditHeads, onMessage: (message) => progress.info(message),
      });
      try {
        const state = await followBackfill(pool, runId, progress, signal);
        const troubles = await readTroubles(pool, runId);
        print(describeEnd(runId, state, troubles, table, count), { run_id: Number(runId), ...state, troubles });
        return state.failed > 0 ? EXIT.failed : state.held > 0 || state.quarantined > 0 ? EXIT.findings : EXIT.ok;
      } finally {
        await worker.stop();
      }
    } finally {
      await pool.end();
      await database.close();
    }
  },
};

type Table = (headings: string[], rows: (string | number)[][]) => string;
type Count = (number: number) => string;

function describePlan(plan: readonly PlannedChunk[], added: readonly string[], table: Table, count: Count): string {
  const wanted = plan.filter(({ is_wanted }) => is_wanted);
  const symbols = (chunks: readonly PlannedChunk[]) => new Set(chunks.map(({ subject }) => subject)).size;
  const unnamed = plan.filter(({ before }) => before === "unnamed");
  const lines = plan.slice(0, SHOWN).map(({ subject, from, to, before, is_wanted }) => [subject, from ?? "-", to ?? "-", before, is_wanted ? "yes" : "no"]);
  return [
    table(["symbol", "from", "to", "before", "fetched"], lines),
    ...(plan.length > SHOWN ? [`and ${count(plan.length - SHOWN)} more`] : []),
    ...(unnamed.length > 0 ? [`Left out, because another company has the ticker today: ${unnamed.map(({ subject }) => subject).join(", ")}.`] : []),
    ...(added.length > 0 ? [`Not known here yet, added when data of them comes: ${listed(added, count)}.`] : []),
    `${count(wanted.length)} of ${count(plan.length)} pieces would be fetched, of ${count(symbols(wanted))} of ${count(symbols(plan))} symbols. Nothing was changed.`,
  ].join("\n");
}

const listed = (names: readonly string[], count: Count) => names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ` and ${count(names.length - SHOWN)} more` : "");

function describeEnd(runId: string, state: BackfillState, troubles: readonly Trouble[], table: Table, count: Count): string {
  const head = `backfill ${runId}: ${count(state.chunks)} pieces, ${count(state.rows)} rows: ${count(state.new_rows)} new, ${count(state.new_versions)} changed, ${count(state.quarantined)} in quarantine`;
  if (troubles.length === 0) return head;
  const lines = troubles.slice(0, SHOWN).map(({ subject, from, to, state: end, error_code, message, raw_response_id }) => [
    subject, from ?? "-", to ?? "-", end, raw_response_id ?? "-", `${error_code}: ${message.replaceAll("\n", " ").slice(0, 160)}`,
  ]);
  return (
    `${head}\n\n${table(["symbol", "from", "to", "state", "raw response", "why"], lines)}` +
    (troubles.length > SHOWN ? `\nand ${count(troubles.length - SHOWN)} more: select * from pipeline.backfill_chunk where backfill_run_id = ${runId}` : "") +
    (state.failed > 0 ? "\nThe same command with --reprocess failed tries them again." : "") +
    (state.held > 0 ? "\nmarketbase ingest held says what the held ones touch; marketbase ingest accept takes one in." : "")
  );
}

export default command;

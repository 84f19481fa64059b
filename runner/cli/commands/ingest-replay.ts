import { EXIT, type ExitCode } from "../../config/user-error.ts";
import type { Replay, ReplayOutcome } from "../../providers/replay.ts";
import type { Command } from "../command.ts";

/** `marketbase ingest replay`: bodies that were landed, read again by the normalisers of today. */
const command: Command = {
  name: "ingest replay",
  summary: "Read landed bodies again after a normaliser changed: the difference, then the versions",
  usage: "[--provider NAME] [--dataset NAME] [--symbols A,B…] [--all] [--apply] [--lines N]",
  details:
    "Nothing is asked of a provider: the exact bytes are kept. All bodies that are chosen are read in the order in which they came, each after those before it, in one\n" +
    "transaction. Without --apply only the difference to what is stored is shown; with it the difference is shown and then taken in, all of it or nothing: new rows, new\n" +
    "versions that are known since the body arrived, and bars that their body no longer holds, whose versions end with that reason. Bodies whose normaliser has not\n" +
    "changed are left out unless --all is given. Meanwhile other writers of the same instruments wait; narrow the choice where that takes long.\n" +
    "Exit status 3: something differs (without --apply) or a restatement is held, 1: a body that could be read before is refused now.",
  examples: [
    ["marketbase ingest replay", "what would change"],
    ["marketbase ingest replay --provider yahoo --symbols AAPL --apply", "take it in for one symbol"],
    ["marketbase ingest replay --all --json", "every body, for a program"],
  ],
  options: {
    provider: { type: "string", value: "NAME", description: "only bodies of this provider" },
    dataset: { type: "string", value: "NAME", description: "only bodies of this data set" },
    symbols: { type: "string", value: "A,B", multiple: true, description: "only bodies of these symbols" },
    all: { type: "boolean", description: "also bodies whose normaliser is the same as before" },
    apply: { type: "boolean", description: "take the difference in" },
    lines: { type: "string", value: "N", description: "most changed values to list, 1 to 100000 (default 20)" },
  },
  async run(context): Promise<ExitCode> {
    const { option, all, flag, progress, print, signal } = context;
    const { positiveInteger } = await import("../positive-integer.ts");
    const { bodiesToReplay, replayBodies } = await import("../../providers/replay.ts");
    const { openWorkerPool } = await import("../../providers/open.ts");
    const { count, table } = await import("../../output/table.ts");
    const lines = positiveInteger("--lines", option("lines") ?? "20", 100_000);
    const apply = flag("apply");
    const symbols = all("symbols").flatMap((list) => list.split(",")).map((symbol) => symbol.trim().toUpperCase()).filter((symbol) => symbol !== "");
    const { pool, close } = await openWorkerPool(context.config, "ingest replay", progress, "migrator"); // no worker takes bars back
    try {
      const bodies = await bodiesToReplay(pool, { provider: option("provider"), dataset: option("dataset"), symbols, all: flag("all") });
      const step = progress.step("read again", bodies.length);
      let read = 0;
      let replay: Replay;
      try {
        replay = await replayBodies(pool, bodies, {
          apply,
          lines,
          onBody: ({ provider, subject }) => {
            signal.throwIfAborted();
            if (read++ > 0) step.advance();
            step.note(`${provider} ${subject}`);
          },
          onDifference: (found) => {
            step.done(`${bodies.length} bodies`);
            print(describe(found, apply, table, count), {
              applied: apply,
              bodies: bodies.length,
              bars: found.bars,
              changes: found.changes,
              differing: differingOf(found).map(({ body, ...rest }) => ({ ...body, was: body.outcome, ...rest })),
            });
          },
        });
      } catch (error) {
        step.failed();
        throw error;
      }
      if (apply && differingOf(replay).length > 0) progress.info("The difference is taken in.");
      if (replay.outcomes.some(({ body, outcome }) => outcome === "refused" && body.outcome !== "refused")) return EXIT.failed;
      return differingOf(replay).some(({ outcome }) => !apply || outcome === "held") ? EXIT.findings : EXIT.ok;
    } finally {
      await close();
    }
  },
};

/** Bodies of which something else comes than before. */
function differingOf({ outcomes }: Replay): ReplayOutcome[] {
  return outcomes.filter((one) => one.newRows + one.newVersions + one.withdrawn > 0 || one.outcome !== one.body.outcome);
}

function describe(
  replay: Replay,
  apply: boolean,
  table: (headings: string[], rows: (string | number)[][]) => string,
  count: (number: number) => string,
): string {
  const { outcomes, bars, changes } = replay;
  const differing = differingOf(replay);
  if (outcomes.length === 0) return "No body has to be read again: their normalisers have not changed. --all reads them all the same.";
  if (differing.length === 0) return `${count(outcomes.length)} bodies were read again: nothing differs.`;
  const text = (value: number | null) => (value === null ? "-" : String(value));
  return [
    table(
      ["raw response", "provider", "subject", "before", "now", "new", "new versions", "gone", "quarantined"],
      differing.map(({ body, outcome, newRows, newVersions, withdrawn, quarantined }) => [
        body.raw_response_id, `${body.provider} ${body.dataset}`, body.subject, body.outcome, outcome, count(newRows), count(newVersions), count(withdrawn), count(quarantined),
      ]),
    ),
    ...(changes.length === 0 ? [] : [table(["symbol", "time (UTC)", "field", "old", "new"], changes.map((one) => [one.symbol, one.ts, one.field, text(one.old_value), text(one.new_value)]))]),
    ...differing.filter(({ message }) => message !== null).map(({ body, message }) => `${body.raw_response_id}: ${message ?? ""}`),
    `Together they make ${count(bars.added)} bars that were not there, change ${count(bars.changed)} and take back ${count(bars.gone)}.`,
    apply ? "This is taken in now." : `${count(differing.length)} of ${count(outcomes.length)} bodies make a difference. Nothing was changed: --apply takes it in.`,
  ].join("\n\n");
}

export default command;

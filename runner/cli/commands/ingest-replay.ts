import { EXIT, type ExitCode } from "../../config/user-error.ts";
import type { ReplayOutcome } from "../../providers/replay.ts";
import type { Command } from "../command.ts";

/** `marketbase ingest replay`: bodies that were landed, read again by the normalisers of today. */
const command: Command = {
  name: "ingest replay",
  summary: "Read landed bodies again after a normaliser changed: the difference, then the versions",
  usage: "[--provider NAME] [--dataset NAME] [--symbols A,B…] [--all] [--apply] [--lines N]",
  details:
    "Nothing is asked of a provider: the exact bytes are kept. Without --apply only the difference to what is stored is shown, body by body; with it the difference is\n" +
    "shown and taken in, as new rows and new versions that are known since the body arrived. Bodies whose normaliser has not changed are left out unless --all is given.\n" +
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
    const { bodiesToReplay, replayBody } = await import("../../providers/replay.ts");
    const { openWorkerPool } = await import("../../providers/open.ts");
    const lines = positiveInteger("--lines", option("lines") ?? "20", 100_000);
    const apply = flag("apply");
    const symbols = all("symbols").flatMap((list) => list.split(",")).map((symbol) => symbol.trim().toUpperCase()).filter((symbol) => symbol !== "");
    const { pool, close } = await openWorkerPool(context.config, "ingest replay", progress);
    try {
      const bodies = await bodiesToReplay(pool, { provider: option("provider"), dataset: option("dataset"), symbols, all: flag("all") });
      const outcomes: ReplayOutcome[] = [];
      const step = progress.step(apply ? "read again and take in" : "read again", bodies.length);
      let left = lines;
      try {
        for (const body of bodies) {
          signal.throwIfAborted();
          step.note(`${body.provider} ${body.subject}`);
          const outcome = await replayBody(pool, body, { apply, lines: left });
          left -= outcome.changes.length;
          outcomes.push(outcome);
          step.advance();
        }
      } catch (error) {
        step.failed();
        throw error;
      }
      step.done(`${bodies.length} bodies`);
      const differing = outcomes.filter((one) => one.newRows + one.newVersions > 0 || one.outcome !== one.body.outcome);
      const { count, table } = await import("../../output/table.ts");
      print(describe(outcomes.length, differing, apply, table, count), {
        applied: apply,
        bodies: outcomes.length,
        differing: differing.map(({ body, ...rest }) => ({ ...body, was: body.outcome, ...rest })),
      });
      if (outcomes.some(({ body, outcome }) => outcome === "refused" && body.outcome !== "refused")) return EXIT.failed;
      return differing.some(({ outcome }) => !apply || outcome === "held") ? EXIT.findings : EXIT.ok;
    } finally {
      await close();
    }
  },
};

function describe(
  bodies: number,
  differing: readonly ReplayOutcome[],
  apply: boolean,
  table: (headings: string[], rows: (string | number)[][]) => string,
  count: (number: number) => string,
): string {
  if (bodies === 0) return "No body has to be read again: their normalisers have not changed. --all reads them all the same.";
  if (differing.length === 0) return `${count(bodies)} bodies were read again: nothing differs.`;
  const text = (value: number | null) => (value === null ? "-" : String(value));
  const changes = differing.flatMap((one) => one.changes);
  return [
    table(
      ["raw response", "provider", "subject", "before", "now", "new", "new versions", "quarantined"],
      differing.map(({ body, outcome, newRows, newVersions, quarantined }) => [
        body.raw_response_id, `${body.provider} ${body.dataset}`, body.subject, body.outcome, outcome, count(newRows), count(newVersions), count(quarantined),
      ]),
    ),
    ...(changes.length === 0 ? [] : [table(["symbol", "time (UTC)", "field", "old", "new"], changes.map((one) => [one.symbol, one.ts, one.field, text(one.old_value), text(one.new_value)]))]),
    ...differing.filter(({ message }) => message !== null).map(({ body, message }) => `${body.raw_response_id}: ${message ?? ""}`),
    apply ? `${count(differing.length)} of ${count(bodies)} bodies made a difference; it is taken in.` : `${count(differing.length)} of ${count(bodies)} bodies make a difference. Nothing was changed: --apply takes it in.`,
  ].join("\n\n");
}

export default command;

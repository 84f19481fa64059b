import { decision, decisionOptions, findingIds, moment } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase findings acknowledge`: somebody knows, and says why it may stay. */
const command: Command = {
  name: "findings acknowledge",
  summary: "Say that somebody knows of findings, and why they may stay",
  usage: "ID… --by NAME --reason TEXT [--until MOMENT]",
  details:
    "An acknowledged finding is counted as suppressed and holds no step back. It stays so while looks see it again, until --until; one that is resolved and comes back is reopened.\n" +
    "All or none of them; who, why and until when is kept.",
  examples: [
    ['marketbase findings acknowledge 17 --by "Ada Lovelace" --reason "trading was halted"', "for good"],
    ['marketbase findings acknowledge 17 18 --by Ada --reason "asked the vendor" --until 2026-12-31', "until then"],
  ],
  options: { ...decisionOptions, until: { type: "string", value: "MOMENT", description: "when it ends, a day or a moment in UTC (default: when the finding is resolved)" } },
  arguments: { min: 1, max: 1000 },
  async run(context) {
    const ids = findingIds(context.args);
    const { by, reason } = decision(context);
    const until = moment("--until", context.option("until"));
    const { rows } = await import("../../database/pool.ts");
    const { transaction } = await import("../../database/transaction.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase findings acknowledge", "worker", 1, async (pool) => {
      const events = await transaction(pool, (client) =>
        rows<{ finding_id: number } & Record<string, unknown>>(
          client,
          "select finding_id::float8, event, decided_by, reason, until, recorded_at from quality.acknowledge($1, $2, $3, $4)",
          [ids, by, reason, until ?? null],
        ),
      );
      const said = ids.length - events.length;
      context.print(
        [...events.map(({ finding_id }) => `finding ${finding_id} is acknowledged${until === undefined ? "" : ` until ${until}`}`), ...(said > 0 ? [`${said} were acknowledged so before`] : [])].join("\n"),
        events,
      );
    });
  },
};

export default command;

import { EXIT, UserError } from "../../config/user-error.ts";
import { moment } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase incidents add`: data is known to be bad, for a reason. */
const command: Command = {
  name: "incidents add",
  summary: "Record that a span of data is known to be bad",
  usage: "DATASET --from MOMENT [--to MOMENT] [--symbol SYMBOL] [--provider NAME] --reason TEXT",
  details:
    "DATASET is a table or view such as price_data. From then on no rule keeps a finding about its rows of that time, and rules on metrics leave them out of what is usual;\n" +
    "each result counts what was masked. Rows that a critical rule refuses stay refused. Without --to it goes on until marketbase incidents end.",
  examples: [
    ['marketbase incidents add price_data --from 2026-11-02 --to 2026-11-03 --provider yahoo --reason "the vendor sent yesterday again"', "two days of a provider"],
    ['marketbase incidents add price_data --symbol AAPL --from 2026-11-02 --reason "ticket 4711, being corrected"', "one instrument, until it is ended"],
  ],
  arguments: { min: 1, max: 1 },
  options: {
    from: { type: "string", value: "MOMENT", description: "the first day, or moment in UTC" },
    to: { type: "string", value: "MOMENT", description: "the last day, all of it, or moment in UTC (default: it goes on)" },
    symbol: { type: "string", value: "SYMBOL", description: "only this instrument" },
    provider: { type: "string", value: "NAME", description: "only rows of this provider" },
    reason: { type: "string", value: "TEXT", description: "what happened" },
  },
  async run(context) {
    const { args, option, print } = context;
    const [from, reason] = [moment("--from", option("from")), option("reason")];
    if (from === undefined || reason === undefined) throw new UserError("An incident has a beginning and a reason.", { exitCode: EXIT.usage, hint: "Give --from and --reason." });
    const last = option("to");
    const to = last !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(last) ? moment("--to", last)?.replace("T00:00Z", "T23:59:59.999999Z") : moment("--to", last);
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase incidents add", "author", 1, async (pool) => {
      const incident = await one<{ known_incident_id: number; dataset: string } & Record<string, unknown>>(
        pool,
        `select known_incident_id::float8, dataset, instrument_id::float8, provider, from_ts, nullif(to_ts, 'infinity') as to_ts, reason, recorded_by, recorded_at
         from quality.record_incident($1, $2, coalesce($3::timestamptz, 'infinity'), $4, case when $5::text is not null then market.instrument_id($5) end, $6)`,
        [args[0], from, to ?? null, reason, option("symbol") ?? null, option("provider") ?? null],
      );
      print(`incident ${incident.known_incident_id} is on record for ${incident.dataset}; the next validation masks what lies in it`, incident);
    });
  },
};

export default command;

import { EXIT, type ExitCode } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

interface Held extends Record<string, unknown> {
  readonly raw_response_id: number;
  readonly provider: string;
  readonly dataset: string;
  readonly subject: string;
  readonly held_at: string;
  readonly changed_rows: number;
  readonly instruments: number;
  readonly first_day: string;
  readonly last_day: string;
  readonly feature_values: number;
  readonly training_sets: number;
  readonly predictions: number;
}

/** `marketbase ingest held`: restatements that wait for a person. */
const command: Command = {
  name: "ingest held",
  summary: "List restatements that wait to be accepted, and what they touch",
  usage: "",
  details:
    "A body that would change more stored rows than ingest.provider.restatement_limit (1000 unless set otherwise; new rows do not count) is not taken in by itself.\n" +
    "Exit status 3 when one waits.",
  examples: [["marketbase ingest held", "those that wait"]],
  options: {},
  async run(context): Promise<ExitCode> {
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    return await withPool(context, "marketbase ingest held", "reader", 1, async (pool) => {
      const held = await rows<Held>(
        pool,
        `select held.raw_response_id::float8, response.provider, response.dataset, response.subject,
           to_char(held.held_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as held_at, held.changed_count::float8 as changed_rows,
           held.instrument_count::float8 as instruments, (held.first_ts at time zone 'UTC')::date::text as first_day,
           (held.last_ts at time zone 'UTC')::date::text as last_day, held.feature_value_count::float8 as feature_values,
           held.training_set_count::float8 as training_sets, held.prediction_count::float8 as predictions
         from ingest.held_response as held
         join ingest.raw_response as response using (raw_response_id)
         where held.released_at is null
         order by held.raw_response_id`,
      );
      context.print(
        held.length === 0
          ? "No restatement waits."
          : `${table(
              ["raw response", "provider", "subject", "held since", "changed rows", "instruments", "from", "to", "feature values", "training sets", "predictions"],
              held.map((one) => [
                one.raw_response_id, `${one.provider} ${one.dataset}`, one.subject, one.held_at, count(one.changed_rows), count(one.instruments), one.first_day, one.last_day,
                count(one.feature_values), count(one.training_sets), count(one.predictions),
              ]),
            )}\n\nmarketbase ingest accept ID --by NAME --reason TEXT takes one in.`,
        held,
      );
      return held.length === 0 ? EXIT.ok : EXIT.findings;
    });
  },
};

export default command;

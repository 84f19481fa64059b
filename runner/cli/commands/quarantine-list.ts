import { positiveInteger } from "../positive-integer.ts";
import type { Command } from "../command.ts";

interface Refused extends Record<string, unknown> {
  readonly quarantine_id: number;
  readonly provider: string;
  readonly dataset: string;
  readonly symbol: string | null;
  readonly at: string | null;
  readonly rules: string[];
  readonly why: string;
  readonly refused: string;
  readonly released: string | null;
}

/** `marketbase quarantine list`: rows that a critical rule refused. */
const command: Command = {
  name: "quarantine list",
  summary: "List rows that failed a critical rule and were not stored",
  usage: "[--provider NAME] [--rule NAME] [--symbol SYMBOL] [--all] [--limit N]",
  details: "The newest first. Without --all those that nobody has released (marketbase ingest release).",
  examples: [
    ["marketbase quarantine list --provider yahoo", "what was refused from yahoo"],
    ["marketbase quarantine list --rule bar_ohlc_order --json", "by rule, with the rows as they came"],
  ],
  options: {
    provider: { type: "string", value: "NAME", description: "only from this provider" },
    rule: { type: "string", value: "NAME", description: "only what this rule refused" },
    symbol: { type: "string", value: "SYMBOL", description: "only this symbol" },
    all: { type: "boolean", description: "also what was released" },
    limit: { type: "string", value: "N", description: "at most so many, 1 to 100000 (default: 50)" },
  },
  async run(context) {
    const { flag, option, print } = context;
    const limit = positiveInteger("--limit", option("limit") ?? "50", 100_000);
    const { rows } = await import("../../database/pool.ts");
    const { table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase quarantine list", "reader", 1, async (pool) => {
      const found = await rows<Refused>(
        pool,
        `select quarantine.quarantine_id::float8, response.provider, quarantine.dataset, coalesce(quarantine.symbol, instrument.symbol) as symbol,
           to_char(quarantine.ts at time zone 'UTC', case when quarantine.ts = date_trunc('day', quarantine.ts, 'UTC') then 'YYYY-MM-DD' else 'YYYY-MM-DD HH24:MI"Z"' end) as at,
           quarantine.rules, quarantine.reason as why, to_char(quarantine.recorded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as refused,
           quarantine.raw_response_id::float8, quarantine.row_no::float8, quarantine.payload, release.decided_by as released, release.reason as release_reason
         from ingest.quarantine as quarantine
         join ingest.raw_response as response using (raw_response_id)
         left join market.instrument as instrument on instrument.instrument_id = quarantine.instrument_id
         left join ingest.quarantine_release as release on release.quarantine_id = quarantine.quarantine_id
         where ($1::text is null or response.provider = $1) and ($2::text is null or $2 = any (quarantine.rules))
           and ($3::text is null or upper($3) in (upper(quarantine.symbol), instrument.symbol)) and ($4 or release.quarantine_id is null)
         order by quarantine.recorded_at desc, quarantine.quarantine_id desc
         limit $5`,
        [option("provider") ?? null, option("rule") ?? null, option("symbol") ?? null, flag("all"), limit + 1],
      );
      const shown = found.slice(0, limit);
      const isReleased = shown.some(({ released }) => released !== null);
      print(
        [
          shown.length === 0
            ? "No row is in quarantine."
            : table(
                ["row", "provider", "symbol", "at", "rules", "why", "refused", ...(isReleased ? ["released by"] : [])],
                shown.map((one) => [
                  one.quarantine_id, `${one.provider} ${one.dataset}`, one.symbol ?? "", one.at ?? "", one.rules.join(", "), one.why.length > 90 ? `${one.why.slice(0, 89)}…` : one.why,
                  one.refused, ...(isReleased ? [one.released ?? ""] : []),
                ]),
              ),
          ...(found.length > limit ? [`There are more: --limit ${limit * 2} shows them.`] : []),
          ...(shown.some(({ released }) => released === null) ? ["", "marketbase ingest release ROW --by NAME --reason TEXT takes one in."] : []),
        ].join("\n"),
        { rows: shown, more: found.length > limit },
      );
    });
  },
};

export default command;

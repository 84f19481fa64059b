import type { Command } from "../command.ts";

/** `marketbase features profile`: what the values of a set look like. */
const command: Command = {
  name: "features profile",
  summary: "Show what the values of a feature set look like",
  usage: "SET [--window FROM..TO]",
  details: "A line for each feature, over all instruments: nulls, and those after the warm-up, infinite values, mean, deviation, skewness, quantiles, and how many sessions it is behind. --json has more quantiles and counts.",
  examples: [
    ["marketbase features profile qlib14", "all there is"],
    ["marketbase features profile qlib14 --window 2024-01-01..2024-06-30", "half a year"],
  ],
  arguments: { min: 1, max: 1 },
  options: { window: { type: "string", value: "FROM..TO", description: "first and last day; either may be left out" } },
  async run(context) {
    const { timeSpan } = await import("../time-span.ts");
    const { withPool } = await import("../with-pool.ts");
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const [set = ""] = context.args;
    const { from, to } = timeSpan("--window", context.option("window"));
    const profile = await withPool(context, "marketbase features profile", "reader", 1, (pool) =>
      context.progress.run(
        `profile ${set}`,
        () => rows<Record<string, number | string | Date | null>>(
          pool,
          `select feature_name, row_count::float8, null_count::float8, late_null_count::float8, infinite_count::float8, zero_count::float8, distinct_count::float8,
             mean, deviation, skew, minimum, p01, p05, p25, median, p75, p95, p99, maximum, first_ts, last_ts, sessions_behind
           from feature.profile($1, $2, $3)`,
          [set, from ?? null, to ?? null],
        ),
        (found) => `${found.length} features`,
      ),
    );
    const right = (heading: string) => ({ heading, align: "right" as const });
    const figure = (value: unknown) => (typeof value === "number" ? Number(value.toPrecision(5)) : "");
    context.print(
      table(
        ["feature", ...["vectors", "nulls", "late nulls", "infinite", "mean", "deviation", "skew", "lowest", "5%", "median", "95%", "highest"].map(right), "last bar", right("behind")],
        profile.map((one) => [
          one["feature_name"], ...["row_count", "null_count", "late_null_count", "infinite_count"].map((name) => count(Number(one[name]))),
          ...["mean", "deviation", "skew", "minimum", "p05", "median", "p95", "maximum"].map((name) => figure(one[name])),
          one["last_ts"] instanceof Date ? one["last_ts"].toISOString().slice(0, 10) : "", one["sessions_behind"] ?? "",
        ]),
      ),
      profile,
    );
  },
};

export default command;

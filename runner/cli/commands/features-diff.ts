import type { Command } from "../command.ts";

/** `marketbase features diff`: where two versions of a set differ. */
const command: Command = {
  name: "features diff",
  summary: "Show where two versions of a feature set differ",
  usage: "SET VERSION [VERSION]",
  details: "Compares, for the features that both have, the values that are stored for the same bars. The second version is the one in force unless it is given.",
  examples: [["marketbase features diff qlib14 b5986337c0df", "an older version against the one in force"]],
  arguments: { min: 2, max: 3 },
  options: {},
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    await withPool(context, "marketbase features diff", "reader", 1, async (pool) => {
      const [set, a, b] = context.args;
      const found = await rows(
        pool,
        `select feature_name, bars::float8, differing::float8, first_ts, largest_absolute, largest_relative
         from feature.diff($1, $2, (feature.version_of($1, $3)).version)`,
        [set, a, b ?? null],
      );
      context.print(
        found.length === 0
          ? "There is no bar for which both versions have values."
          : table(
              ["feature", "compared", "different", "first different bar", "largest difference", "relative"],
              found.map((one) => [
                one["feature_name"], count(Number(one["bars"])), count(Number(one["differing"])), one["first_ts"] ?? "", one["largest_absolute"] ?? "", one["largest_relative"] ?? "",
              ]),
            ),
        found,
      );
    });
  },
};

export default command;

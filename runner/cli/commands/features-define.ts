import type { Command } from "../command.ts";

/** `marketbase features define`: makes a set out of a file. */
const command: Command = {
  name: "features define",
  summary: "Define a feature set, or change it, from a file",
  usage: "SET FILE [--interval 1d] [--check]",
  details:
    "FILE has a line for each feature: name = expression -- what it measures. Lines with -- before the first one describe the set; - reads standard input.\n" +
    "Expressions have the columns of a bar, the kernels of schema ta, arithmetic and case; feature.kernel lists the kernels. A mistake is refused with its place. The same definitions again change nothing; others make a new version and keep the values of the old one.",
  examples: [
    ["marketbase features define momentum momentum.features", "define the set momentum"],
    ["echo 'rsi = ta.rsi(close, 14) -- RSI of 14 bars.' | marketbase features define mine - --check", "only look whether it is right"],
  ],
  arguments: { min: 2, max: 2 },
  options: {
    interval: { type: "string", value: "LENGTH", description: "length of the bars (default: 1d)" },
    check: { type: "boolean", description: "check the definitions and store nothing" },
  },
  async run(context) {
    const { readFileSync } = await import("node:fs");
    const { readDefinitions } = await import("../../features/definition-file.ts");
    const { withPool } = await import("../with-pool.ts");
    const { transaction } = await import("../../database/transaction.ts");
    const { one } = await import("../../database/pool.ts");
    const [set = "", file = ""] = context.args;
    const { description, features } = readDefinitions(readFileSync(file === "-" ? 0 : file, "utf8"), file === "-" ? "standard input" : file);
    await withPool(context, "marketbase features define", "author", 1, async (pool) => {
      const defined = await transaction(pool, async (client) => {
        const before = await client.query<{ version: string }>(
          "select version.version from feature.feature_set_version as version join feature.feature_set using (feature_set_id) where name = $1 and is_current",
          [set],
        );
        const made = await one<{ version: string; lookback: number | null; columns: string[] }>(
          client,
          `select version, lookback, feature_names as columns
           from feature.define_set($1, $2, array(
             select row(name, expression, description)::feature.definition
             from unnest($3::text[], $4::text[], $5::text[]) with ordinality as part (name, expression, description, position)
             order by position
           ), $6)`,
          [
            set, description === "" ? `Set ${set}.` : description, features.map((one) => one.name), features.map((one) => one.expression),
            features.map((one) => (one.description === "" ? one.expression : one.description)), context.option("interval") ?? "1d",
          ],
        );
        if (context.flag("check")) await client.query("rollback and chain");
        return { ...made, before: before.rows[0]?.version };
      });
      const state = defined.before === undefined ? "is new" : defined.before === defined.version ? "is as it was" : `has a new version (before: ${defined.before})`;
      context.print(
        `${set}@${defined.version} ${context.flag("check") ? "would be right and " : ""}${state}: ${features.length} features, ` +
          `${defined.lookback === null ? "each value depends on all earlier bars" : `lookback ${defined.lookback} bars`}` +
          (context.flag("check") || defined.before === defined.version ? "" : `\nnext: marketbase features compute`),
        { set, version: defined.version, before: defined.before ?? null, lookback: defined.lookback, features: defined.columns, stored: !context.flag("check") },
      );
    });
  },
};

export default command;

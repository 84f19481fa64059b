import type { Command } from "../command.ts";

/** `marketbase features status`: what is there and what is still to be computed. */
const command: Command = {
  name: "features status",
  summary: "Show the feature sets, their versions and what is out of date",
  usage: "",
  examples: [
    ["marketbase features status", "a line for each set"],
    ["marketbase features status --json", "the same for programs"],
  ],
  options: {},
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    await withPool(context, "marketbase features status", "reader", 1, async (pool) => {
      const sets = await rows(
        pool,
        `select feature_set, is_active, version, in_force_from, features, lookback, instruments::float8, vectors::float8, last_ts,
           stale_marks::float8, planned_bars::float8, failed_instruments::float8, last_error
         from feature.set_status order by feature_set`,
      );
      const state = (set: Record<string, unknown>) =>
        [
          set["is_active"] === true ? undefined : "not active",
          Number(set["stale_marks"]) > 0 ? `${count(Number(set["stale_marks"]))} changes to look at` : undefined,
          Number(set["planned_bars"]) > 0 ? `${count(Number(set["planned_bars"]))} bars to compute` : undefined,
          Number(set["failed_instruments"]) > 0 ? `${count(Number(set["failed_instruments"]))} instruments failed: ${String(set["last_error"])}` : undefined,
        ]
          .filter((part) => part !== undefined)
          .join("; ") || "up to date";
      context.print(
        table(
          ["set", "version", "features", { heading: "lookback", align: "right" }, "instruments", "vectors", "last bar", "state"],
          sets.map((set) => [
            set["feature_set"], set["version"], set["features"], set["lookback"] ?? "all", count(Number(set["instruments"])), count(Number(set["vectors"])),
            set["last_ts"] instanceof Date ? set["last_ts"].toISOString().slice(0, 10) : "", state(set),
          ]),
        ),
        sets,
      );
    });
  },
};

export default command;

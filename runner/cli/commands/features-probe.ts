import type { Command } from "../command.ts";

/** `marketbase features probe`: does a set know its future? */
const command: Command = {
  name: "features probe",
  summary: "Look for look-ahead in a feature set",
  usage: "SET [--samples N] [--seed N] [--symbol SYMBOL … | --all]",
  details:
    "Computes vectors again with the future removed, at sampled times: half at random, half where leaks show that show rarely. A value that differs is a failed validation (quality.latest_set_result). " +
    "A set that compares instruments is probed in both its stages, the instruments looked at being its cross-section. Another seed looks elsewhere. Exit status 3 when a leak is found.",
  examples: [
    ["marketbase features probe qlib14", "60 times, five instruments; twenty of a set that compares instruments"],
    ["marketbase features probe qlib14 --samples 500 --seed 7 --symbol AAPL", "more closely, elsewhere, one instrument"],
    ["marketbase features probe momentum_ranks --all --samples 20", "20 whole cross-sections"],
  ],
  arguments: { min: 1, max: 1 },
  options: {
    samples: { type: "string", value: "N", description: "times to compare at, 1 to 1000 (60)" },
    seed: { type: "string", value: "N", description: "what is drawn at random (1)" },
    symbol: { type: "string", value: "SYMBOL", multiple: true, description: "look at this instrument, may be repeated (five or twenty are drawn)" },
    all: { type: "boolean", description: "look at all instruments: about 30 microseconds for each, time and bar that the set looks back on" },
  },
  async run(context) {
    const { EXIT, UserError } = await import("../../config/user-error.ts");
    const { positiveInteger } = await import("../positive-integer.ts");
    const { withPool } = await import("../with-pool.ts");
    const { probeSet } = await import("../../features/probe.ts");
    const { table } = await import("../../output/table.ts");
    const [set = ""] = context.args;
    const samples = positiveInteger("--samples", context.option("samples") ?? "60", 1000);
    const seed = positiveInteger("--seed", context.option("seed") ?? "1", 1_000_000_000);
    const symbols = context.all("symbol");
    const all = context.flag("all");
    if (all && symbols.length > 0) throw new UserError("--all and --symbol exclude each other.", { exitCode: EXIT.usage });
    const result = await withPool(context, "marketbase features probe", "worker", 2, (pool) =>
      context.progress.run(
        `probe ${set}`,
        () => probeSet(pool, { set, samples, seed, symbols: all ? "all" : symbols }),
        ({ status }) => status.replaceAll("_", " "),
      ),
    );
    const found = result.findings.flatMap(({ symbol, ts, features }) =>
      Object.entries(features).map(([feature, { with_future, without_future }]) => [symbol, ts.toISOString(), feature, with_future ?? "null", without_future ?? "null"]),
    );
    context.print(
      [
        ...(found.length === 0 ? [] : [table(["symbol", "bar", "feature", "with its future", "without"], found.slice(0, 50))]),
        ...(found.length > 50 ? [`and ${found.length - 50} more in quality.validation_finding`] : []),
        result.message,
      ].join("\n"),
      result,
    );
    return result.status === "failed" ? EXIT.findings : EXIT.ok;
  },
};

export default command;

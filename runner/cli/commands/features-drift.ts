import type { Command } from "../command.ts";

/** `marketbase features drift`: have the features of a set moved? */
const command: Command = {
  name: "features drift",
  summary: "Measure how far the features of a set have moved from a baseline window",
  usage: "SET [--baseline FROM..TO] [--current FROM..TO] [--threshold NAME=WARN,FAIL …] [--strict]",
  details:
    "Compares the distribution of each feature in two windows: psi (population stability), ks (largest distance of the distributions), kl, js, the share of nulls, and how many sessions it is behind. " +
    "The results are stored as those of the rules feature_drift and feature_drift_warning (quality.latest_set_result). Exit status 3 when a feature fails.",
  examples: [
    ["marketbase features drift qlib14", "the last 30 days against the 365 before"],
    ["marketbase features drift qlib14 --baseline 2023-01-01..2023-12-31 --current 2024-01-01..", "this year against the last one"],
    ["marketbase features drift qlib14 --threshold psi=0.2,0.4 --threshold sessions_behind=off --strict", "other limits; status 3 for warnings, too"],
  ],
  arguments: { min: 1, max: 1 },
  options: {
    baseline: { type: "string", value: "FROM..TO", description: "window to compare with; dates, either may be left out (up to the current window)" },
    current: { type: "string", value: "FROM..TO", description: "window to judge (up to the last vector)" },
    "baseline-days": { type: "string", value: "N", description: "length of the baseline where its beginning is not given (365)" },
    days: { type: "string", value: "N", description: "length of the current window where its beginning is not given (30)" },
    threshold: { type: "string", value: "NAME=WARN,FAIL", multiple: true, description: "limits of psi, ks, kl, js, null_share or sessions_behind; NAME=off; significance=P" },
    strict: { type: "boolean", description: "exit status 3 for warnings, too" },
  },
  async run(context) {
    const { EXIT } = await import("../../config/user-error.ts");
    const { positiveInteger } = await import("../positive-integer.ts");
    const { timeSpan } = await import("../time-span.ts");
    const { thresholds } = await import("../thresholds.ts");
    const { withPool } = await import("../with-pool.ts");
    const { measureDrift } = await import("../../features/drift.ts");
    const { count, table } = await import("../../output/table.ts");
    const [set = ""] = context.args;
    const days = (flag: string) => {
      const text = context.option(flag);
      return text === undefined ? undefined : positiveInteger(`--${flag}`, text, 100_000);
    };
    const [baselineDays, currentDays] = [days("baseline-days"), days("days")];
    const options = {
      set,
      baseline: timeSpan("--baseline", context.option("baseline")),
      current: timeSpan("--current", context.option("current")),
      thresholds: thresholds(context.all("threshold")),
      ...(baselineDays === undefined ? {} : { baselineDays }),
      ...(currentDays === undefined ? {} : { currentDays }),
    };
    const found = await withPool(context, "marketbase features drift", "worker", 2, (pool) =>
      context.progress.run(`compare two windows of ${set}`, () => measureDrift(pool, options), ({ features }) => `${features.length} features`),
    );
    const day = (date: Date) => date.toISOString().slice(0, 10);
    const figure = (value: number | null, digits = 3) => value?.toFixed(digits) ?? "";
    const { windows, features } = found;
    context.print(
      windows === null
        ? `${set} has no vectors: nothing to compare.`
        : [
            table(
              ["feature", "level", ...["before", "now", "psi", "ks", "kl", "js", "nulls before", "now", "behind"].map((heading) => ({ heading, align: "right" as const })), "why"],
              features.map((one) => [
                one.feature_name, one.level ?? "", count(one.baseline_count), count(one.current_count), figure(one.psi), figure(one.ks), figure(one.kl), figure(one.js),
                percent(one.baseline_null_share), percent(one.current_null_share), one.sessions_behind ?? "", one.reason ?? "",
              ]),
            ),
            "",
            `${set}, version ${found.version}: ${day(windows.current_from)} to ${day(windows.current_to)} against ${day(windows.baseline_from)} to ${day(windows.baseline_to)}. ` +
              `${["fail", "warn", "ok"].map((level) => `${features.filter((one) => one.level === level).length} ${level}`).join(", ")}; stored in run ${found.run_id}.`,
          ].join("\n"),
      found,
    );
    const drifted = found.results.some(({ rule, status }) => status === "failed" && (context.flag("strict") || rule === "feature_drift"));
    return drifted ? EXIT.findings : EXIT.ok;
  },
};

function percent(share: number | null): string {
  return share === null ? "" : `${(share * 100).toFixed(1)}%`;
}

export default command;

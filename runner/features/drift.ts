import type pg from "pg";
import { one, rows, value } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";

/** What drift is measured between, and from where on it counts. */
export interface DriftOptions {
  readonly set: string;
  /** First and last bar of the windows; what is missing is filled in by `feature.drift_windows`. */
  readonly baseline: { readonly from?: Date; readonly to?: Date };
  readonly current: { readonly from?: Date; readonly to?: Date };
  readonly baselineDays?: number;
  readonly currentDays?: number;
  /** As `feature.drift` takes them. */
  readonly thresholds: Readonly<Record<string, readonly number[] | number | null>>;
}

/** How far a feature has moved: a row of `feature.drift`. */
export interface FeatureDrift extends Record<string, unknown> {
  readonly feature_name: string;
  /** Null where there was nothing to compare. */
  readonly level: "ok" | "warn" | "fail" | null;
  readonly reason: string | null;
  readonly baseline_count: number;
  readonly current_count: number;
  readonly baseline_null_share: number | null;
  readonly current_null_share: number | null;
  readonly psi: number | null;
  readonly ks: number | null;
  readonly kl: number | null;
  readonly js: number | null;
  readonly sessions_behind: number | null;
}

/** What a measurement of drift said. */
export interface DriftResult {
  readonly run_id: number;
  readonly feature_set: string;
  readonly version: string;
  readonly windows: { readonly baseline_from: Date; readonly baseline_to: Date; readonly current_from: Date; readonly current_to: Date } | null;
  readonly features: readonly FeatureDrift[];
  /** What was stored: one for the features that fail, one for those that warn. */
  readonly results: readonly { readonly rule: string; readonly status: "passed" | "failed" | "not_applicable"; readonly failed: number; readonly message: string }[];
}

/** Measures the drift of a set as a run of its own: stores the results of the rules on drift and gives the figures of every feature, all of one snapshot. */
export async function measureDrift(pool: pg.Pool, { set, baseline, current, baselineDays, currentDays, thresholds }: DriftOptions): Promise<DriftResult> {
  const asked = { set, baseline, current, baselineDays, currentDays, thresholds };
  const runId = await value<string>(pool, "select pipeline.start_run('features drift', 'drift', null, $1)::text", [JSON.stringify(asked)]);
  try {
    return await transaction(
      pool,
      async (client) => {
        const windows = await one<NonNullable<DriftResult["windows"]> & Record<string, unknown>>(
          client,
          `select windows.* from quality.rule_in_force as rule
           cross join lateral feature.drift_windows(
             $1, $2, $3, $4, $5, coalesce($6, (rule.parameters ->> 'baseline_days')::int), coalesce($7, (rule.parameters ->> 'current_days')::int)
           ) as windows
           where rule.rule = 'feature_drift'`,
          [set, baseline.from ?? null, baseline.to ?? null, current.from ?? null, current.to ?? null, baselineDays ?? null, currentDays ?? null],
        );
        const span = [windows.baseline_from, windows.baseline_to, windows.current_from, windows.current_to];
        const limits = JSON.stringify(thresholds);
        const results = await rows<DriftResult["results"][number] & Record<string, unknown>>(
          client,
          "select rule, status, failed_count::float8 as failed, message from feature.check_drift($1, $2, $3, $4, $5, $6, $7) order by rule",
          [runId, set, ...span, limits],
        );
        const isEmpty = results.every(({ status }) => status === "not_applicable");
        const features = isEmpty
          ? []
          : await rows<FeatureDrift>(
              client,
              `select feature_name, level, reason, baseline_count::float8, current_count::float8, baseline_null_share, current_null_share,
                 psi, psi_p_value, ks, ks_p_value, kl, js, last_ts, sessions_behind
               from feature.drift($1, $2, $3, $4, $5, $6)`,
              [set, ...span, limits],
            );
        const { version } = await one<{ version: string }>(client, "select version from feature.current_set($1)", [set]);
        const failed = results.reduce((sum, result) => sum + result.failed, 0);
        await client.query("select pipeline.finish_run($1, $2, $3, $4, $5)", [
          runId, features.length, results.length + failed, JSON.stringify({ checked: features.length, failed }), results[0]?.message ?? null,
        ]);
        return { run_id: Number(runId), feature_set: set, version, windows: isEmpty ? null : windows, features, results };
      },
      { isolation: "repeatable read" },
    );
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    await pool.query("select pipeline.fail_run($1, $2, $3)", [runId, typeof code === "string" ? code : "XX000", message]);
    throw error;
  }
}

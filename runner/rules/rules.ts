import type pg from "pg";
import { one, rows } from "../database/pool.ts";
import type { RuleDefinition } from "./definition.ts";

/** What a rule that is tried would say of an instrument, or of a dataset as a whole. */
export interface Verdict extends Record<string, unknown> {
  readonly symbol: string | null;
  readonly status: "passed" | "warned" | "failed" | "not_applicable";
  readonly checked: number;
  readonly failed: number;
  readonly masked: number;
  readonly message: string;
  readonly findings: readonly { readonly ts: string | null; readonly key: object; readonly observed: object; readonly message: string }[];
}

/** Defines rules, all or none, and says which version each has now and had before. */
export async function defineRules(client: pg.ClientBase, definitions: readonly RuleDefinition[]): Promise<{ rule: string; version: string; before: string | null }[]> {
  const defined = [];
  for (const { rule, dataset, family, severity, parameters, description, remedy, expectation, expression } of definitions) {
    defined.push(
      await one<{ rule: string; version: string; before: string | null }>(
        client,
        // The version before is read in the snapshot of the statement, which does not see what the function does.
        `select defined.rule, defined.version, (select in_force.version from quality.rule_in_force as in_force where in_force.rule = $1) as before
         from quality.define_rule($1, $2, $3, $4, $5, $6, $7, p_expectation => $8, p_expression => $9) as defined`,
        [rule, dataset, family, severity, JSON.stringify(parameters), description ?? null, remedy ?? null, expectation ?? null, expression ?? null],
      ),
    );
  }
  return defined;
}

/** What a rule would find; nothing is written. */
export async function tryRule(
  pool: pg.Pool,
  { dataset, expectation, expression, parameters }: Pick<RuleDefinition, "dataset" | "expectation" | "expression" | "parameters">,
  { symbols, from, findings }: { readonly symbols: readonly string[]; readonly from?: string; readonly findings: number },
): Promise<Verdict[]> {
  return await rows<Verdict>(
    pool,
    `select instrument.symbol, verdict.status, verdict.checked_count::float8 as checked, verdict.failed_count::float8 as failed, verdict.masked_count::float8 as masked, verdict.message,
       (select coalesce(jsonb_agg(jsonb_build_object('ts', violation.ts, 'key', violation.key, 'observed', violation.observed, 'message', violation.message)), '[]')
        from unnest(verdict.violations) as violation) as findings
     from (select quality.check_expectation($1, $2, $3::jsonb) as parameters offset 0) as checked
     cross join lateral quality.expectation_verdicts(
       $1, $2, checked.parameters || jsonb_build_object('max_findings', $6::int),
       market.instrument_ids($4::text[]), $5::timestamptz
     ) as verdict
     left join market.instrument as instrument on instrument.instrument_id = verdict.instrument_id
     order by instrument.symbol`,
    [dataset, expectation ?? "condition", JSON.stringify(expression === undefined ? parameters : { expression, ...parameters }), symbols.length === 0 ? null : symbols, from ?? null, findings],
  );
}

import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";

interface Row {
  readonly id?: number;
  readonly ts?: string | null;
  readonly n?: number | string | null;
  readonly i?: number | null;
  readonly t?: string | null;
  readonly a?: number | null;
  readonly b?: number | null;
  readonly c?: number | null;
  readonly d?: string | null;
  readonly j?: unknown;
}

interface Verdict {
  readonly status: string;
  readonly checked: number;
  readonly failed: number;
  readonly message: string;
  readonly messages: string[];
  readonly observed: Record<string, unknown>[];
}

/** A table with a column of each kind, which readers may read. */
async function sampleDatabase(test: Parameters<typeof testDatabase>[0]): Promise<TestDatabase> {
  const db = await testDatabase(test);
  await db.query("create table market.sample (id int primary key, ts timestamptz, n float8, i int, t text, a numeric, b numeric, c numeric, d date, j jsonb)");
  await db.query("grant select on market.sample to marketbase_reader");
  return db;
}

async function fill(db: TestDatabase, rows: readonly Row[]): Promise<void> {
  await db.query("truncate market.sample");
  await db.query(
    `insert into market.sample
     select coalesce(row.id, position)::int, coalesce(row.ts, timestamptz '2024-01-01 00:00Z' + position * interval '1 day'), row.n::float8, row.i, row.t, row.a, row.b, row.c, row.d, row.j
     from rows from (jsonb_to_recordset($1) as (id int, ts timestamptz, n text, i int, t text, a numeric, b numeric, c numeric, d date, j jsonb))
       with ordinality as row (id, ts, n, i, t, a, b, c, d, j, position)`,
    [JSON.stringify(rows)],
  );
}

async function verdict(db: TestDatabase, expectation: string, parameters: object, dataset = "sample"): Promise<Verdict> {
  const [found] = await db.query<Verdict>(
    `select verdict.status, verdict.checked_count::int as checked, verdict.failed_count::int as failed, verdict.message,
       array(select message from unnest(verdict.violations)) as messages, to_jsonb(array(select observed from unnest(verdict.violations))) as observed
     from quality.expectation_verdicts($1, $2, $3) as verdict`,
    [dataset, expectation, JSON.stringify(parameters)],
    "author",
  );
  if (found === undefined) throw new Error("no verdict");
  return found;
}

const column = (name: keyof Row, values: readonly unknown[]): Row[] => values.map((value) => ({ [name]: value }));
const ok = (checked: number) => ({ status: "passed", checked, failed: 0 });
const bad = (checked: number, failed: number) => ({ status: "failed", checked, failed });

/** Rows, and what is expected of them with which outcome. Each expectation has one that passes and one that fails. */
const cases: readonly (readonly [rows: readonly Row[], checks: readonly (readonly [string, object, object])[]])[] = [
  [column("n", [1, 2, 3, null]), [
    ["values_between", { column: "n", min: 1, max: 3 }, ok(3)],
    ["values_between", { column: "n", min: 1, strict_min: true }, bad(3, 1)],
    ["values_between", { column: "n", max: 3, strict_max: true }, bad(3, 1)],
    ["values_between", { column: "n", min: 1.1, tolerance: 0.1 }, ok(3)],
    ["values_between", { column: "n", min: 1.5, max: 3, mostly: 0.6 }, { status: "passed", checked: 3, failed: 1, message: "3 checked, 1 failed, as many as are tolerated.", messages: [] }],
    ["values_between", { column: "n", min: 1.5, max: 3, mostly: 0.67 }, bad(3, 1)],
    ["values_between", { column: "n", min: 2, warn: { min: 3 }, fail: { min: 1 } }, { status: "warned", checked: 3, failed: 2, messages: ["n 1 (id 1) on 2024-01-02: expected n at least 3.", /^n 2/] }],
    ["values_between", { column: "n", min: 3, warn: { min: 9 } }, { status: "failed", failed: 2 }],
    ["values_between", { column: "n", min: 0, warn: { min: 1 } }, ok(3)],
    ["values_between", { column: "n", min: 2, row_condition: "n >= 2 and t is null" }, ok(2)],
    ["values_in_set", { column: "n", values: [1, 2, 3] }, ok(3)],
    ["values_in_set", { column: "n", values: [1, 2.5] }, bad(3, 2)],
    ["values_not_in_set", { column: "n", values: [4] }, ok(3)],
    ["values_not_in_set", { column: "n", values: [1, 4] }, bad(3, 1)],
    ["values_null", { column: "t" }, ok(4)],
    ["values_null", { column: "n" }, bad(4, 3)],
    ["values_not_null", { column: "id" }, ok(4)],
    ["values_not_null", { column: "n" }, bad(4, 1)],
    ["values_not_null", { column: "n", mostly: 0.75 }, { status: "passed", checked: 4, failed: 1 }],
    ["values_increasing", { column: "n", strict: true }, ok(3)],
    ["values_decreasing", { column: "n" }, bad(3, 2)],
    ["values_unique", { columns: ["n"] }, ok(3)],
    ["row_count_between", { min: 4, max: 4 }, ok(1)],
    ["row_count_between", { max: 3 }, bad(1, 1)],
    ["non_null_share_between", { column: "n", min: 0.75, max: 0.75 }, ok(1)],
    ["non_null_share_between", { column: "n", min: 0.8 }, bad(1, 1)],
  ]],
  [column("n", ["NaN", "Infinity", 1]), [
    ["values_between", { column: "n", max: 2 }, { ...bad(3, 2), observed: [{ n: "NaN" }, { n: "Infinity" }] }],
  ]],
  [column("d", ["2024-01-31", "2024-02-29"]), [
    ["values_between", { column: "d", min: "2024-01-31", max: "2024-02-29" }, ok(2)],
    ["max_between", { column: "d", max: "2024-02-28" }, { ...bad(1, 1), messages: ["max of d 2024-02-29: expected max of d at most 2024-02-28."] }],
  ]],
  [column("t", ["AAPL", "BRK.B", "aapl", null]), [
    ["values_match_regex", { column: "t", regex: "^[A-Za-z.]+$" }, ok(3)],
    ["values_match_regex", { column: "t", regex: ["^[A-Z]+$", "\\."] }, bad(3, 1)],
    ["values_match_regex", { column: "t", regex: ["^[A-Z.]+$", "[BL]$"], match_on: "all" }, bad(3, 1)],
    ["values_not_match_regex", { column: "t", regex: "\\d" }, ok(3)],
    ["values_not_match_regex", { column: "t", regex: ["[a-z]", "\\."] }, bad(3, 2)],
    ["values_match_like", { column: "t", pattern: ["%A%", "%a%", "BRK%"] }, ok(3)],
    ["values_match_like", { column: "t", pattern: "A%" }, bad(3, 2)],
    ["values_match_like", { column: "t", pattern: ["A%", "%L"], match_on: "all" }, bad(3, 2)],
    ["values_not_match_like", { column: "t", pattern: "Z%" }, ok(3)],
    ["values_not_match_like", { column: "t", pattern: ["A%", "B%"] }, bad(3, 2)],
    ["value_lengths_between", { column: "t", min: 4, max: 5 }, ok(3)],
    ["value_lengths_between", { column: "t", min: 4, max: 4 }, bad(3, 1)],
    ["distinct_in_set", { column: "t", values: ["AAPL", "BRK.B", "aapl", "MSFT"] }, ok(1)],
    ["distinct_in_set", { column: "t", values: ["AAPL"] }, { ...bad(1, 1), observed: [{ unexpected: ["BRK.B", "aapl"], missing: [] }] }],
    ["distinct_contain_set", { column: "t", values: ["AAPL"] }, ok(1)],
    ["distinct_contain_set", { column: "t", values: ["AAPL", "MSFT"] }, { ...bad(1, 1), observed: [{ missing: ["MSFT"] }] }],
    ["distinct_equal_set", { column: "t", values: ["AAPL", "BRK.B", "aapl"] }, ok(1)],
    ["distinct_equal_set", { column: "t", values: ["AAPL", "BRK.B"] }, bad(1, 1)],
  ]],
  [column("t", ["2024-02-29", "2024-02-30", "1 March 2024", "now", "{\"a\": 1}", "17", null]), [
    ["values_parse_as", { column: "t", type: "timestamp" }, { ...bad(6, 4), observed: [{ t: "2024-02-30" }, { t: "now" }, { t: "{\"a\": 1}" }, { t: "17" }] }],
    ["values_parse_as", { column: "t", type: "json", row_condition: "t like '{%' or t = '17'" }, ok(2)],
    ["values_parse_as", { column: "t", type: "json" }, bad(6, 4)],
    ["values_match_strftime", { column: "t", format: "%Y-%m-%d", row_condition: "t < '2024-02-30'" }, { status: "failed" }],
    ["values_match_strftime", { column: "t", format: "%Y-%m-%d", row_condition: "t = '2024-02-29'" }, ok(1)],
    ["values_match_strftime", { column: "t", format: "%Y-%m-%d", row_condition: "t = '2024-02-30'" }, bad(1, 1)],
    ["values_match_strftime", { column: "t", format: "%d %B %Y", row_condition: "t like '%March%'" }, bad(1, 1)],
  ]],
  [column("j", [{ symbol: "AAPL", lots: 2 }, { symbol: "MSFT", lots: 1.5 }, null]), [
    ["values_match_json_schema", { column: "j", schema: { type: "object", required: ["symbol"], properties: { lots: { type: "number", minimum: 1 } } } }, ok(2)],
    ["values_match_json_schema", { column: "j", schema: { properties: { lots: { type: "integer" } } } }, bad(2, 1)],
    ["values_match_json_schema", { column: "j", schema: { properties: { lots: {} }, additionalProperties: false } }, bad(2, 2)],
  ]],
  // Great Expectations' own cases of z-scores and standard deviations: stdev(1, 1, 3) = 1.1547005383792517, |z| of (-1, 0, 1) reaches 1, equal values have none.
  [column("n", [1, 1, 1, 3, 3]), [
    ["values_z_score_below", { column: "n", max_score: 1.96 }, ok(5)],
    ["values_z_score_below", { column: "n", max_score: 0.1 }, bad(5, 5)],
    ["values_z_score_below", { column: "n", max_score: 1, two_sided: false }, bad(5, 2)],
    ["values_increasing", { column: "n" }, ok(5)],
    ["values_increasing", { column: "n", strict: true }, bad(5, 3)],
    ["values_unique", { columns: ["n"] }, bad(5, 5)],
    ["values_unique", { columns: ["n", "id"] }, ok(5)],
    ["most_common_in_set", { column: "n", values: [1] }, ok(1)],
    ["most_common_in_set", { column: "n", values: [3] }, bad(1, 1)],
    ["unique_count_between", { column: "n", min: 2, max: 2 }, ok(1)],
    ["unique_count_between", { column: "n", min: 3 }, bad(1, 1)],
    ["unique_share_between", { column: "n", min: 0.4, max: 0.4 }, ok(1)],
    ["unique_share_between", { column: "n", min: 0.5 }, bad(1, 1)],
  ]],
  [column("n", [-1, 0, 1, null, null]), [
    ["values_z_score_below", { column: "n", max_score: 1 }, bad(3, 2)],
    ["most_common_in_set", { column: "n", values: [-1, 1] }, bad(1, 1)],
    ["most_common_in_set", { column: "n", values: [-1, 1], ties_okay: true }, ok(1)],
  ]],
  [column("n", [0, 0, 0]), [
    ["values_z_score_below", { column: "n", max_score: 1 }, ok(3)],
    ["stdev_between", { column: "n", min: 0, max: 0 }, ok(1)],
  ]],
  [column("n", [1, 1, 3]), [
    ["stdev_between", { column: "n", min: 1.1547005383792517, max: 1.1547005383792517, tolerance: 1e-12 }, ok(1)],
    ["stdev_between", { column: "n", max: 1 }, bad(1, 1)],
    ["min_between", { column: "n", min: 1, max: 1 }, ok(1)],
    ["min_between", { column: "n", min: 1, strict_min: true }, bad(1, 1)],
    ["max_between", { column: "n", max: 3 }, ok(1)],
    ["max_between", { column: "n", max: 2 }, bad(1, 1)],
    ["sum_between", { column: "n", min: 5, max: 5 }, ok(1)],
    ["sum_between", { column: "n", max: 4 }, bad(1, 1)],
  ]],
  // numpy.quantile([1, 2, 3, 4], q): 0.25 → 1.75, 0.9 → 3.7; the median is 2.5.
  [column("i", [4, 1, 3, 2]), [
    ["quantile_between", { column: "i", quantile: 0.25, min: 1.75, max: 1.75 }, ok(1)],
    ["quantile_between", { column: "i", quantile: 0.9, max: 3.6 }, { ...bad(1, 1), observed: [{ "quantile 0.9 of i": 3.7 }] }],
    ["median_between", { column: "i", min: 2.5, max: 2.5 }, ok(1)],
    ["median_between", { column: "i", max: 2 }, bad(1, 1)],
    ["mean_between", { column: "i", min: 2.5, max: 2.5 }, ok(1)],
    ["mean_between", { column: "i", min: 3 }, bad(1, 1)],
    ["values_decreasing", { column: "i" }, bad(4, 1)],
    ["values_decreasing", { column: "i", tolerance: 2 }, ok(4)],
    ["values_in_set", { column: "i", values: [1, 2, 3, 4] }, ok(4)],
    ["values_between", { column: "i", min: 0.5, max: 4.5 }, ok(4)],
  ]],
  // scipy.stats.entropy([1/2, 1/2], qk=[9/10, 1/10]) = 0.5108256237659907.
  [column("t", ["x", "y", null]), [
    ["kl_divergence_below", { column: "t", values: ["x", "y"], weights: [0.9, 0.1], max_divergence: 0.5108256237659908 }, ok(1)],
    ["kl_divergence_below", { column: "t", values: ["x", "y"], weights: [0.9, 0.1], max_divergence: 0.5108256237659906 }, { ...bad(1, 1), observed: [{ divergence: 0.5108256237659907 }] }],
    ["kl_divergence_below", { column: "t", values: ["x"], weights: [1], max_divergence: 100 }, { ...bad(1, 1), observed: [{ divergence: "Infinity" }] }],
  ]],
  [column("n", [0, 1, 9, 10]), [
    ["kl_divergence_below", { column: "n", bins: [0, 5, 10], weights: [1, 1], max_divergence: 0 }, ok(1)],
    ["kl_divergence_below", { column: "n", bins: [0, 10], weights: [1], max_divergence: 0 }, ok(1)],
    ["kl_divergence_below", { column: "n", bins: [0, 5, 10], weights: [9, 1], max_divergence: 0.5 }, bad(1, 1)],
  ]],
  // scipy.stats.contingency.association([[10, 20], [30, 40]], method="cramer") = sqrt(0.79365 / 100).
  [[[10, "x", "p"], [20, "x", "q"], [30, "y", "p"], [40, "y", "q"]].flatMap(([count, a, b]) => Array.from({ length: Number(count) }, () => ({ t: String(a), i: b === "p" ? 1 : 2 }))), [
    ["cramers_phi_below", { columns: ["t", "i"], max_phi: 0.0892 }, ok(1)],
    ["cramers_phi_below", { columns: ["t", "i"], max_phi: 0.089 }, bad(1, 1)],
    ["cramers_phi_below", { columns: ["t", "n"], max_phi: 0.089 }, { status: "not_applicable" }],
  ]],
  [[{ a: 1, b: 1, c: 5 }, { a: 2, b: 1, c: 4 }, { a: 3, b: null, c: 4 }, {}], [
    ["columns_equal", { columns: ["a", "b"], row_condition: "a = 1" }, ok(1)],
    ["columns_equal", { columns: ["a", "b"] }, bad(3, 2)],
    ["columns_equal", { columns: ["a", "b"], tolerance: 1, ignore_row_if: "any_value_is_missing" }, ok(2)],
    ["columns_equal", { columns: ["a", "b"], ignore_row_if: "never", row_condition: "a is null" }, ok(1)],
    ["column_greater", { columns: ["c", "a"] }, ok(3)],
    ["column_greater", { columns: ["a", "b"], ignore_row_if: "any_value_is_missing" }, bad(2, 1)],
    ["column_greater", { columns: ["a", "b"], or_equal: true, ignore_row_if: "any_value_is_missing" }, ok(2)],
    ["columns_in_set", { columns: ["a", "b"], rows: [[1, 1], [2, 1], [3, null]] }, ok(3)],
    ["columns_in_set", { columns: ["a", "b"], rows: [[1, 1]] }, bad(3, 2)],
    ["columns_distinct", { columns: ["a", "c"] }, ok(3)],
    ["columns_distinct", { columns: ["a", "b", "c"] }, bad(3, 1)],
    ["columns_sum_equal", { columns: ["a", "c"], total: 6.5, tolerance: 0.5 }, ok(3)],
    ["columns_sum_equal", { columns: ["a", "c"], total: 6 }, bad(3, 1)],
    ["condition", { expression: "b is null or a between b and b + 1" }, ok(4)],
    ["condition", { expression: "a <= b" }, { ...bad(2, 1), messages: ["a 2, b 1 (id 2) on 2024-01-03: expected a <= b."] }],
    ["condition", { expression: "case when abs(a - c) >= 3 then 'wide' else 'near' end = 'near'", mostly: 0.5 }, { status: "passed", checked: 4, failed: 1 }],
    ["row_count_equals", { other_dataset: "market.sample" }, ok(1)],
    ["row_count_equals", { other_dataset: "exchange" }, bad(1, 1)],
    ["column_exists", { column: "a" }, ok(1)],
    ["column_exists", { column: "id", position: 1 }, ok(1)],
    ["column_exists", { column: "gone" }, bad(1, 1)],
    ["column_exists", { column: "a", position: 1 }, bad(1, 1)],
    ["column_type_in", { column: "n", types: ["double precision", "real"] }, ok(1)],
    ["column_type_in", { column: "n", types: "integer" }, { ...bad(1, 1), observed: [{ n: "double precision" }] }],
    ["column_count_between", { min: 10, max: 10 }, ok(1)],
    ["column_count_between", { max: 9 }, bad(1, 1)],
    ["columns_match", { columns: ["j", "d", "c", "b", "a", "t", "i", "n", "ts", "id"] }, ok(1)],
    ["columns_match", { columns: ["id", "ts", "n", "i", "t", "a", "b", "c", "d", "j"], ordered: true }, ok(1)],
    ["columns_match", { columns: ["ts", "id"], exact: false }, ok(1)],
    ["columns_match", { columns: ["ts", "id"], exact: false, ordered: true }, bad(1, 1)],
    ["columns_match", { columns: ["ts", "id"] }, bad(1, 1)],
  ]],
];

t.test("each expectation passes and fails", async (t) => {
  const db = await sampleDatabase(t);
  const seen = new Set<string>();
  for (const [rows, checks] of cases) {
    await fill(db, rows);
    for (const [expectation, parameters, outcome] of checks) {
      const found = await verdict(db, expectation, parameters);
      t.match(found, outcome, `${expectation} ${JSON.stringify(parameters)}: ${found.message}`);
      seen.add(`${expectation} ${found.status}`);
    }
  }
  const known = await db.query<{ expectation: string; parameters: Record<string, string> }>("select expectation, parameters from quality.expectation where family <> 'metric' order by 1");
  for (const { expectation } of known) t.ok(seen.has(`${expectation} passed`) && seen.has(`${expectation} failed`), `${expectation} was seen to pass and to fail`);

  // Nothing to judge is no failure, unless rows are counted, or columns.
  const valid = new Map(cases.flatMap(([, checks]) => checks.map(([expectation, parameters]) => [expectation, parameters] as const)));
  for (const [rows, about] of [[[], "an empty table"], [[{}, {}], "nulls alone"]] as const) {
    await fill(db, rows);
    for (const [expectation, parameters] of valid) {
      const found = await verdict(db, expectation, { ...parameters, row_condition: undefined });
      const judged = /^(row_count|column_|columns_match)/.test(expectation) && expectation !== "column_greater"
        || rows.length > 0 && (/^(values_null|values_not_null|non_null_share)/.test(expectation) || "ignore_row_if" in parameters && parameters.ignore_row_if === "never" || expectation === "condition" || JSON.stringify(parameters).includes("\"id\""));
      t.equal(found.status === "not_applicable", !judged, `${expectation} of ${about}: ${found.message}`);
    }
  }
});

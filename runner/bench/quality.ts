import type pg from "pg";
import { withConnection } from "../database/connect.ts";
import { createPool, rows as query, value } from "../database/pool.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { randomBars } from "./features/bars.ts";
import { loadBars } from "./features/load.ts";
import { median } from "./machine.ts";

const SYMBOLS = 800;
const BARS_EACH = 3_393;
const DAY = 86_400_000;
/** All price rules may take as many times what one sequential aggregate over the same columns takes. */
const LIMIT = 25;

/**
 * The rules on stored bars, beside one sequential aggregate over the columns that they read, in turns, one backend: all rules as they are applied, the whole
 * check with its counts and results, one new day of every instrument, and each rule alone.
 */
async function run({ database, progress, scale, rounds }: BenchmarkContext): Promise<BenchmarkResult> {
  const symbols = Math.max(8, Math.round(SYMBOLS * scale));
  const ids = await withConnection(database.urlFor("admin"), (admin) =>
    progress.run("bars", async (step) => {
      step.total(symbols * BARS_EACH);
      return await prepare(admin, symbols, (bars) => step.advance(bars));
    }, (made) => `${made.length * BARS_EACH} bars`),
  );
  const pool = createPool(database.urlFor("worker"), { name: "marketbase bench", max: 1 });
  try {
    await pool.query("set max_parallel_workers_per_gather to 0");
    await pool.query("set statement_timeout to 0");
    const runId = await value<string>(pool, "select pipeline.start_run('bench', 'bench')::text");
    const lastDay = await value<string>(pool, "select max(ts)::text from market.price_data where bar_interval = '1d'");
    const aggregate = { what: "one sequential aggregate over the same columns", sql: "select count(*), sum(open), sum(high), sum(low), sum(close), sum(volume) from market.price_data", values: [] as unknown[] };
    const whole = {
      what: "all rules on prices, violations counted",
      sql: "select count(*) from quality.stored_violations($1, '-infinity', 'infinity', '{price_data}')", values: [ids],
    };
    const forms = [
      aggregate,
      whole,
      { what: "the whole check: with what was looked at, results and findings written", sql: "select count(*) from quality.validate($1, $2, null, '{price_data}')", values: [runId, ids] },
      { what: "the whole check of one new day of all instruments", sql: "select count(*) from quality.validate($1, $2, $3, '{price_data}')", values: [runId, ids, lastDay] },
    ];
    const seconds = new Map<string, number[]>(forms.map(({ what }) => [what, []]));
    const raw: Row[] = [];
    await progress.run("rounds", async (step) => {
      step.total(rounds * forms.length);
      for (let round = 1; round <= rounds; round++) {
        for (const { what, sql, values } of forms) {
          step.note(`round ${round}: ${what}`);
          const took = await timed(pool, sql, values);
          seconds.get(what)?.push(took);
          raw.push({ what, round, seconds: Number(took.toFixed(4)) });
          step.advance();
        }
      }
    });
    const bars = symbols * BARS_EACH;
    const of = (what: string) => median(seconds.get(what) ?? []);
    const line = of(aggregate.what);
    const rows = forms.map(({ what }) => ({
      what, bars, seconds: Number(of(what).toFixed(3)), "µs a bar": Number(((of(what) / bars) * 1e6).toFixed(2)), "times the aggregate": Number((of(what) / line).toFixed(1)),
    }));

    const some = ids.slice(0, Math.max(8, Math.round(ids.length / 8)));
    const rules = await query<{ rule: string; family: string; severity: string; called: string; parameters: string; is_bar: boolean }>(
      pool,
      `select rule, family, severity, function_name as called, parameters::text, to_regprocedure(function_name || '(quality.judged_bar, jsonb)') is not null as is_bar
       from quality.rule_in_force where dataset = 'price_data' order by family, rule`,
    );
    const part = (line * some.length) / ids.length;
    const none = await best(pool, rounds, "select count(*) from quality.judged_bars($1, '-infinity', 'infinity')", [some]);
    const each: Row[] = await progress.run("each rule alone", async (step) => {
      step.total(rules.length);
      const found: Row[] = [];
      for (const { rule, family, severity, called, parameters, is_bar } of rules) {
        const took = is_bar
          ? await best(pool, rounds, "select count(*) from quality.bar_violations(array[$2], $1, '-infinity', 'infinity')", [some, rule])
          : await best(pool, rounds, `select count(*) from ${called}($1, '-infinity', 'infinity', $2)`, [some, parameters]);
        found.push({ rule, family, severity, "applied": is_bar ? "in the common pass" : "by itself", "alone, times the aggregate": Number((took / part).toFixed(1)) });
        step.advance();
      }
      return found;
    }, (found) => `${found.length} rules`);

    const ratio = of(whole.what) / line;
    return {
      rows,
      tables: [{ title: `Each rule alone, over ${some.length} instruments`, rows: each }],
      notes: [
        `${rules.length} rules, ${rules.filter(({ is_bar }) => is_bar).length} of them in one pass over the bars: ${ratio.toFixed(1)} times one sequential aggregate; at most ${LIMIT} is the promise, ${ratio <= LIMIT ? "kept" : "not kept"}.`,
        `A pass that reads the bars and none of what rules want to know takes ${(none / part).toFixed(1)} times the aggregate. The planner leaves out what a rule alone does not look at, so the rules alone do not add up to the rules together.`,
        "The bars come from the seed of the benchmark of features, on the sessions of XNYS, with a dividend of half a percent each quarter.",
      ],
      raw,
    };
  } finally {
    await pool.end();
  }
}

/** Instruments with bars on the sessions of the exchange, and their dividends. */
async function prepare(admin: pg.Client, symbols: number, onBars: (bars: number) => void): Promise<number[]> {
  const days = (await query<{ day: string }>(admin, "select day::text from market.session_dates('XNYS', '2010-01-04', '2035-12-31') as day limit $1", [BARS_EACH])).map(({ day }) => Date.parse(day));
  const ids = await loadBars(
    admin, "1d", Array.from({ length: symbols }, (_, index) => `BENCH${index}`),
    (index) => randomBars(index + 1, BARS_EACH, (bar) => days[bar] ?? (days.at(-1) as number) + bar * DAY), onBars,
  );
  await admin.query("set session_replication_role to replica");
  await admin.query(
    `insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, known_from, provider, raw_response_id, run_id)
     select instrument_id, 'dividend', session_date, greatest(0.01, round(close::numeric * 0.005, 2)), 'USD', ts, provider, raw_response_id, run_id
     from (select price.*, row_number() over (partition by instrument_id order by ts) as bar_no from market.price_data as price) as bar
     where bar_no % 63 = 0`,
  );
  await admin.query("reset session_replication_role");
  await admin.query("vacuum analyze market.price_data, market.corporate_action");
  return ids;
}

async function timed(pool: pg.Pool, sql: string, values: unknown[]): Promise<number> {
  const begun = performance.now();
  await pool.query(sql, values);
  return (performance.now() - begun) / 1_000;
}

async function best(pool: pg.Pool, rounds: number, sql: string, values: unknown[]): Promise<number> {
  const took: number[] = [];
  for (let round = 1; round <= rounds; round++) took.push(await timed(pool, sql, values));
  return Math.min(...took);
}

/** What `npm run bench quality` runs. */
export const benchmark: Benchmark = { name: "quality", summary: "apply all rules on prices, beside one aggregate over the same bars", run };

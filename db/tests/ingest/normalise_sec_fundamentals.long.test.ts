import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

interface Fact {
  start?: string;
  end: string;
  val: number;
  accn: string;
  fy: number | null;
  fp: string | null;
  form: string;
  filed: string;
}

interface CompanyFacts {
  cik: number;
  entityName: string;
  facts: Record<string, Record<string, { units: Record<string, Fact[]> }>>;
}

const facts = (subject: string, body: string | Buffer, provider = "sec", fetchedAt = "2026-11-24T12:00:00Z") => ({ provider, dataset: "fundamentals", subject, body, fetchedAt });

/** Every value that each fact has had, one line per change, in plain TypeScript: the judge of the SQL. */
function timeline({ facts: taxonomies }: CompanyFacts): string[] {
  const lines: string[] = [];
  for (const [taxonomy, concepts] of Object.entries(taxonomies)) {
    for (const [concept, { units }] of Object.entries(concepts)) {
      for (const [unit, list] of Object.entries(units)) {
        // What was filed before its period ended cannot be: a rule refuses it.
        const byPeriod = Map.groupBy(list.filter(({ filed, end }) => filed >= end), ({ start, end }) => `${start ?? end} ${end}`);
        for (const [period, said] of byPeriod) {
          const lastOfDay = new Map<string, Fact>();
          for (const fact of said.toSorted((a, b) => (a.filed + a.accn < b.filed + b.accn ? -1 : 1))) lastOfDay.set(fact.filed, fact);
          let before: number | undefined;
          for (const { filed, val } of lastOfDay.values()) {
            if (val !== before) lines.push(`${taxonomy} ${concept} ${unit} ${period} ${filed} ${val}`);
            before = val;
          }
        }
      }
    }
  }
  return lines.sort();
}

/** The same from the database, without versions that never were the ones to know. */
async function storedTimeline(db: TestDatabase, symbol: string): Promise<string[]> {
  const rows = await db.query<{ fact: string; value: number }>(
    `select concat_ws(' ', taxonomy, concept, unit, period_start, period_end, filed) as fact, value::float8
     from market.company_fundamental_version where symbol = $1 and (known_to is null or known_to > known_from)`,
    [symbol],
  );
  return rows.map(({ fact, value }) => `${fact} ${value}`).sort();
}

/** Versions of a fact must follow each other without gap or overlap. */
const gaps = `select count(*)::int from (
    select known_to, lead(known_from) over (partition by instrument_id, taxonomy, concept, unit, period_start, period_end order by known_from) as next_known_from
    from market.company_fundamental_version where known_to is null or known_to > known_from
  ) as version where known_to is distinct from next_known_from`;

for (const { symbol, file, cik, restated } of [
  { symbol: "AAPL", file: "companyfacts-CIK0000320193.json.gz", cik: "0000320193", restated: 400 },
  { symbol: "NVDA", file: "companyfacts-CIK0001045810.json.gz", cik: "0001045810", restated: 900 },
]) {
  t.test(`all facts of ${symbol}: each value from the day after its filing, restatements as versions`, async (t) => {
    const path = shared(t, `recordings/sec/${file}`);
    if (path === undefined) return;
    const body = gunzipSync(readFileSync(path));
    const document = JSON.parse(body.toString()) as CompanyFacts;
    const all = Object.values(document.facts).flatMap((concepts) => Object.values(concepts).flatMap(({ units }) => Object.values(units))).flat();
    const impossible = all.filter(({ filed, end }) => filed < end).length;
    const db = await testDatabase(t);
    const run = await openRun(db);
    const begun = performance.now();
    const outcome = await bring(db, run, facts(symbol, body));
    t.match(outcome, { outcome: "normalised", rows: all.length, quarantined: impossible });
    t.ok(performance.now() - begun < 60_000, `${all.length} facts in ${Math.round(performance.now() - begun)} ms`);
    const expected = timeline(document);
    t.strictSame(await storedTimeline(db, symbol), expected, `${expected.length} values, as computed apart`);
    t.ok((await db.value<number>("select count(*)::int from market.company_fundamental_history")) > restated, "many were restated");
    t.equal(await db.value<number>(gaps), 0, "versions follow each other without gap or overlap");
    t.same(await db.query("select symbol, name, cik from market.instrument"), [{ symbol, name: document.entityName, cik }]);
    const before = await db.value<string>("select md5(string_agg(fact::text, '' order by fact::text)) from market.company_fundamental fact");
    t.match(await bring(db, run, { ...facts(symbol, `${body.toString()} `), fetchedAt: "2026-11-25T12:00:00Z" }), { new: 0, changed: 0 }, "the same facts in another body change nothing");
    t.equal(await db.value<string>("select md5(string_agg(fact::text, '' order by fact::text)) from market.company_fundamental fact"), before);
  });
}

t.test("what arrives out of order ends up as if it had come in order", async (t) => {
  const path = shared(t, "recordings/sec/companyfacts-CIK0000320193.json.gz");
  if (path === undefined) return;
  const document = JSON.parse(gunzipSync(readFileSync(path)).toString()) as CompanyFacts;
  // What a body of an earlier day would have held: nothing filed since; and one that begins late: nothing filed before.
  const only = (keep: (fact: Fact) => boolean): CompanyFacts => ({
    ...document,
    facts: Object.fromEntries(Object.entries(document.facts).map(([taxonomy, concepts]) => [
      taxonomy,
      Object.fromEntries(Object.entries(concepts).map(([concept, { units }]) => [
        concept,
        { units: Object.fromEntries(Object.entries(units).map(([unit, list]) => [unit, list.filter(keep)])) },
      ])),
    ])),
  });
  const late = only(({ filed }) => filed >= "2014-01-01" && filed < "2017-01-01");
  const early = only(({ filed }) => filed < "2014-01-01");
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, facts("AAPL", JSON.stringify(late)));
  await bring(db, run, facts("AAPL", JSON.stringify(early)));
  t.equal(await db.value<number>(gaps), 0);
  await bring(db, run, facts("AAPL", JSON.stringify(document)));
  const values = async () => await db.query(
    `select concat_ws(' ', taxonomy, concept, unit, period_start, period_end) as fact, day::text, value::float8
     from generate_series(date '2010-06-30', '2022-06-30', '1 year') as day
     cross join lateral market.company_fundamental_as_of('AAPL', day) where concept = any ($1) order by 2, 1`,
    [["Assets", "NetIncomeLoss", "EarningsPerShareDiluted", "UnrecognizedTaxBenefits", "WeightedAverageNumberOfDilutedSharesOutstanding"]],
  );
  const shuffled = await values();
  const inOrder = await testDatabase(t);
  await bring(inOrder, await openRun(inOrder), facts("AAPL", JSON.stringify(document)));
  const expected = await inOrder.query(
    `select concat_ws(' ', taxonomy, concept, unit, period_start, period_end) as fact, day::text, value::float8
     from generate_series(date '2010-06-30', '2022-06-30', '1 year') as day
     cross join lateral market.company_fundamental_as_of('AAPL', day) where concept = any ($1) order by 2, 1`,
    [["Assets", "NetIncomeLoss", "EarningsPerShareDiluted", "UnrecognizedTaxBenefits", "WeightedAverageNumberOfDilutedSharesOutstanding"]],
  );
  t.ok(expected.length > 500);
  t.strictSame(shuffled, expected, "every value at every moment");
  t.equal(await db.value<number>(gaps), 0);
  const current = "select concat_ws(' ', taxonomy, concept, unit, period_start, period_end) as fact, value::float8, filed::text from market.company_fundamental order by 1";
  t.strictSame(await db.query(current), await inOrder.query(current), "and what is current, with its filing");
});

t.test("the sample holds what Apple reported, all of it", async (t) => {
  const body = readFileSync(join(repositoryRoot, "db/samples/apple-companyfacts.json"));
  const db = await testDatabase(t);
  const run = await openRun(db);
  t.match(await bring(db, run, facts("AAPL", body, "sample")), { rows: 176, accepted: 176, quarantined: 0 });
  const eps = await db.query(
    "select to_char(known_from at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI') as known_from, value::float8 from market.company_fundamental_version where concept = 'EarningsPerShareDiluted' and period_end = '2013-09-28' order by version",
  );
  t.same(eps, [{ known_from: "2013-10-31 00:00", value: 39.75 }, { known_from: "2014-10-28 00:00", value: 5.68 }], "39.75 before the split, 5.68 since the filing after it");

  const path = shared(t, "recordings/sec/companyfacts-CIK0000320193.json.gz");
  if (path === undefined) return;
  const judge = JSON.parse(gunzipSync(readFileSync(path)).toString()) as CompanyFacts;
  const sample = JSON.parse(body.toString()) as CompanyFacts;
  let checked = 0;
  for (const [taxonomy, concepts] of Object.entries(sample.facts)) {
    for (const [concept, { units }] of Object.entries(concepts)) {
      for (const [unit, list] of Object.entries(units)) {
        for (const fact of list) {
          const same = judge.facts[taxonomy]?.[concept]?.units[unit]?.some((known) =>
            (["start", "end", "val", "accn", "fy", "fp", "form", "filed"] as const).every((key) => known[key] === fact[key]));
          if (same !== true) t.fail(`${concept} ${fact.end} of ${fact.accn} is not in the SEC's own body`);
          checked += 1;
        }
      }
    }
  }
  t.equal(checked, 176, "each of the 176 facts is one of the SEC's");
  t.match(await bring(db, run, facts("AAPL", gunzipSync(readFileSync(path)))), { outcome: "normalised", quarantined: 0 }, "the SEC's own body goes over it");
  t.equal(await db.value<number>(gaps), 0);
  t.strictSame(await storedValues(db), judgeValues(judge), "what is known at each filing is what the SEC says");
});

/** The value of every fact on the last day of each year, as stored and as the judge has it. */
async function storedValues(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ fact: string; value: number }>(
    `select concat_ws(' ', concept, unit, period_start, period_end, year) as fact, value::float8
     from generate_series(2012, 2018) as year
     cross join lateral market.company_fundamental_as_of('AAPL', make_timestamptz(year, 12, 31, 12, 0, 0, 'UTC'), array['Assets', 'EarningsPerShareDiluted'])`,
  );
  return rows.map(({ fact, value }) => `${fact} ${value}`).sort();
}

function judgeValues(judge: CompanyFacts): string[] {
  const lines: string[] = [];
  for (const concept of ["Assets", "EarningsPerShareDiluted"]) {
    for (const [unit, list] of Object.entries(judge.facts["us-gaap"]?.[concept]?.units ?? {})) {
      for (let year = 2012; year <= 2018; year++) {
        const latest = new Map<string, Fact>();
        for (const fact of list.filter(({ filed }) => filed < `${year}-12-31`).toSorted((a, b) => (a.filed + a.accn < b.filed + b.accn ? -1 : 1))) {
          latest.set(`${fact.start ?? fact.end} ${fact.end}`, fact);
        }
        for (const [period, { val }] of latest) lines.push(`${concept} ${unit} ${period} ${year} ${val}`);
      }
    }
  }
  return lines.sort();
}

t.test("facts that cannot be read are quarantined, bodies of another shape refused", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const good = { end: "2023-12-31", val: 1, accn: "0000000001-24-000001", fy: 2023, fp: "FY", form: "10-K", filed: "2024-02-01" };
  const wrong = [{ ...good, val: "1" }, { ...good, end: "2023-13-31" }, { ...good, start: "x" }, { ...good, filed: null }, { ...good, form: undefined }, { ...good, accn: undefined }, 7];
  const body = (list: unknown) => JSON.stringify({ cik: 1, entityName: "Test Corp", facts: { "us-gaap": { Assets: { units: { USD: list } } } } });
  t.match(await bring(db, run, facts("TEST", body([good, ...wrong]))), { rows: 8, accepted: 1, quarantined: 7 });
  const reasons = await db.query<{ reason: string }>("select reason from ingest.quarantine order by row_no");
  t.match(reasons.map(({ reason }) => reason), [/val "1"/, /end "2023-13-31"/, /start "x"/, /filed/, /form/, /accn/, /not an object/]);
  for (const [bad, message, status] of [
    ['{"facts":{}}', /no facts of a company/], ['{"cik":1}', /no facts/], ['{"cik":1,"facts":[]}', /no facts/],
    [body({}), /not lists/], ['{"cik":1,"facts":{"a":{"b":{"units":null}}}}', /not lists/], ['{"cik":1,"facts":{"a":7}}', /not lists/],
    ["<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", /status 404/, 404], ["<html>", /HTML/],
  ] as const) {
    const outcome = await bring(db, run, { ...facts("OTHER", bad), ...(status === undefined ? {} : { status }) });
    t.match(outcome, { outcome: "refused", code: "MB004", rows: 0 }, bad);
    t.match(outcome.message, message);
  }
  t.equal(await db.value<number>("select count(*)::int from market.instrument where symbol = 'OTHER'"), 0);
});

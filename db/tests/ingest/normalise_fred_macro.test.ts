import t from "tap";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

const macro = (subject: string, body: string, fetchedAt?: string, status?: number) => ({
  provider: "fred", dataset: "macro", subject, body, ...(fetchedAt === undefined ? {} : { fetchedAt }), ...(status === undefined ? {} : { status }),
});

const asOf = async (db: TestDatabase, series: string, moment: string) =>
  (await db.query<{ day: string; value: number }>("select observation_date::text as day, value::float8 from market.macro_as_of($1, $2)", [series, moment], "reader"))
    .map(({ day, value }) => `${day} ${value}`);

/** A body of fred/series/observations with vintages: [date, realtime_start, realtime_end, value]. */
function vintages(rows: readonly (readonly [string, string, string, string])[], more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    realtime_start: "1776-07-04", realtime_end: "9999-12-31", observation_start: "1600-01-01", observation_end: "9999-12-31", units: "lin", output_type: 1,
    file_type: "json", order_by: "observation_date", sort_order: "asc", count: rows.length, offset: 0, limit: 100_000,
    observations: rows.map(([date, realtime_start, realtime_end, value]) => ({ realtime_start, realtime_end, date, value })),
    ...more,
  });
}

t.test("every vintage of a series, in whatever order the bodies come", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const gdp = vintages([
    ["2020-01-01", "2020-04-29", "2020-05-27", "21537.9"],
    ["2020-01-01", "2020-05-28", "2020-06-24", "21534.9"],
    ["2020-01-01", "2020-06-25", "9999-12-31", "21539.7"],
    ["2020-04-01", "2020-07-30", "2020-08-26", "."],
    ["2020-04-01", "2020-08-27", "2020-09-29", "19520.1"],
  ]);
  // What was known today comes first, its history after it.
  const today = vintages([["2020-01-01", "2020-10-02", "2020-10-02", "21539.7"]], { realtime_start: "2020-10-02", realtime_end: "2020-10-02" });
  t.match(await bring(db, run, macro("GDP", today, "2020-10-02T15:00:00Z")), { outcome: "normalised", rows: 1, new: 1, changed: 1 });
  t.same(await asOf(db, "GDP", "2020-10-02T14:59:59Z"), [], "not known before it came");
  t.match(await bring(db, run, macro("gdp", gdp, "2020-10-03T12:00:00Z")), { outcome: "normalised", rows: 6, quarantined: 0 });

  t.same(await asOf(db, "GDP", "2020-04-30T03:59:59Z"), [], "a value counts from the day after its release, New York time");
  t.same(await asOf(db, "GDP", "2020-04-30T04:00:00Z"), ["2020-01-01 21537.9"]);
  t.same(await asOf(db, "GDP", "2020-06-01T00:00:00Z"), ["2020-01-01 21534.9"]);
  t.same(await asOf(db, "GDP", "2020-08-01T00:00:00Z"), ["2020-01-01 21539.7"], "a dot is no value");
  t.same(await asOf(db, "GDP", "2020-09-01T00:00:00Z"), ["2020-01-01 21539.7", "2020-04-01 19520.1"]);
  t.same(await asOf(db, "GDP", "2020-10-05T00:00:00Z"), ["2020-01-01 21539.7"], "a value that is no longer shown has been withdrawn");
  t.match(await bring(db, run, macro("GDP", `${gdp} `, "2020-10-04T12:00:00Z")), { new: 0, changed: 0 }, "what is known changes nothing");

  const corrected = vintages([["2020-01-01", "2020-06-25", "9999-12-31", "21540"]]);
  t.match(await bring(db, run, macro("GDP", corrected, "2020-11-01T12:00:00Z")), { new: 0, changed: 1 });
  t.same(await asOf(db, "GDP", "2020-10-31T00:00:00Z"), ["2020-01-01 21539.7"], "a silent correction is known from when it came");
  t.same(await asOf(db, "GDP", "2020-11-02T00:00:00Z"), ["2020-01-01 21540"]);
  t.same((await db.refused("select * from market.macro_as_of('NO_SUCH')", [], "reader")).code, "MB002");
  t.same((await db.refused("update market.macro_observation set value = 1")).code, "MB006");
});

t.test("bodies that are not the values of a series are refused with the reason", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const refusals: [string, string, RegExp, number?][] = [
    ['{"error_code":400,"error_message":"Bad Request.  The series does not exist."}', "MB010", /FRED and ALFRED says: Bad Request\. The series does not exist/, 400],
    ['<?xml version="1.0" encoding="utf-8" ?>\n<error code="429" message="Too Many Requests.  Exceeded Rate Limit"/>', "MB011", /Exceeded Rate Limit/, 429],
    ['<?xml version="1.0"?><observations units="lin"><observation date="2020-01-01"', "MB004", /XML that ends too early/],
    ["<html><body>busy</body></html>", "MB004", /HTML or XML, not JSON/],
    [vintages([["2020-01-01", "2020-01-02", "9999-12-31", "1"]], { units: "pch" }), "MB004", /transformed \(units=pch\)/],
    ['{"observations":[{"date":"2020-01-01","GDP_20200429":"1"}],"output_type":2}', "MB004", /output_type=2/],
    ['{"count":2,"order_by":"search_rank","seriess":[{"id":"A"},{"id":"B"}]}', "MB004", /a list of 2 series, such as a search gives/],
    ['{"seriess":[{"id":"DGS5","title":"x"}]}', "MB004", /describes the series DGS5, but GDP was asked for/],
    ["{}", "MB004", /no observations/],
    ["", "MB004", /empty/],
  ];
  for (const [body, code, message, status] of refusals) t.match(await bring(db, run, macro("GDP", body, undefined, status)), { outcome: "refused", code, message }, body.slice(0, 60));
  t.equal(await db.value("select count(*)::int from market.macro_series"), 0, "nothing of a refused body stays");
  const partial = vintages([["2020-01-01", "2020-01-02", "9999-12-31", "1.5"], ["2020-02-01", "2020-01-02", "9999-12-31", "n/a"], ["2020-02-31", "2020-01-02", "9999-12-31", "1"]], { count: 5 });
  t.match(await bring(db, run, macro("X", partial)), { outcome: "normalised", rows: 4, new: 1, quarantined: 3 });
  t.same((await db.query<{ reason: string }>("select reason from ingest.quarantine where symbol = 'X' order by row_no")).map(({ reason }) => reason),
    ['value "n/a" is not a number', 'date "2020-02-31" is not a date', "the body has 3 of 5 observations"]);
});

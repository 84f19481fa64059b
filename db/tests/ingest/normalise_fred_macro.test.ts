import t from "tap";
import { fetchAndLand } from "../../../runner/providers/fetch-and-land.ts";
import type { HttpSource } from "../../../runner/providers/provider.ts";
import { startReplayServer } from "../../../runner/testing/replay-server.ts";
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

t.test("a series of 4,500 vintages comes in windows, and is what one answer with all of them would have made", async (t) => {
  const day = (at: number) => new Date(Date.UTC(2004, 0, 1) + at * 86_400_000).toISOString().slice(0, 10);
  const all = Array.from({ length: 4_500 }, (_, at) => at);
  // Each vintage brings a day; every third is revised by the next one, every 250th withdrawn later; day 11 with the first vintage after a window.
  const told = all.flatMap((at): [string, string, string, string][] => {
    const end = at === 11 ? 2_000 : at % 250 === 0 && at + 300 < 4_500 ? at + 300 : undefined;
    const last = end === undefined ? "9999-12-31" : day(end - 1);
    return at % 3 === 0 && at < 4_499 ? [[day(at), day(at), day(at), `${at}.5`], [day(at), day(at + 1), last, `${at}`]] : [[day(at), day(at), last, `${at}`]];
  });
  const server = await startReplayServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://fred");
    const [from = "", to = ""] = [searchParams.get("realtime_start") ?? "", searchParams.get("realtime_end") ?? ""];
    const offset = Number(searchParams.get("offset") ?? 0);
    const send = (body: string, status = 200) => response.writeHead(status, { "content-type": "application/json" }).end(body);
    if (pathname.endsWith("/vintagedates")) return void send(JSON.stringify({ count: 4_500, offset, vintage_dates: all.map(day).slice(offset, offset + 10_000) }));
    if (pathname.endsWith("/series")) return void send(JSON.stringify({ seriess: [{ id: "DAILY", title: "A daily series", units: "Percent", frequency: "Daily" }] }));
    const count = all.filter((at) => day(at) >= from && day(at) <= to).length;
    if (count > 2_000) return void send(JSON.stringify({ error_code: 400, error_message: `Bad Request.  There are ${count} vintage dates in the specified real-time period` }), 400);
    // FRED cuts what it shows to the period that is asked for.
    const rows = told.filter(([, begun, ended]) => begun <= to && ended >= from).map(([date, begun, ended, value]) => [date, begun < from ? from : begun, ended > to ? to : ended, value] as const);
    send(vintages(rows, { realtime_start: from, realtime_end: to }));
  });
  t.teardown(() => server.close());
  const db = await testDatabase(t);
  const run = await openRun(db);
  const environment = { MARKETBASE_FRED_URL: server.url, MARKETBASE_FRED_KEY: "key", MARKETBASE_FRED_REQUESTS_PER_MINUTE: "6000" };
  let page: HttpSource | undefined;
  let outcomes = 0;
  do {
    const landed = await fetchAndLand(db.worker, { runId: run, provider: "fred", dataset: "macro", subject: "DAILY", page }, environment);
    t.equal(await db.value("select outcome || coalesce(message, '') from pipeline.normalise_response($1, $2)", [run, landed.rawResponseId], "worker"), "normalised");
    outcomes += 1;
    page = landed.next;
  } while (page !== undefined);
  t.equal(outcomes, 4, "three windows and the description");
  t.equal(server.requests.length, 5);
  t.ok(server.requests.every(({ url }) => url?.includes("#") === false && !url.includes("%23")), "seams are not sent");
  for (const at of [5, 10, 1_998, 1_999, 2_000, 2_001, 3_997, 3_998, 3_999, 4_499]) {
    const known = told.filter(([, begun, ended]) => begun <= day(at) && ended >= day(at)).map(([date, , , value]) => `${date} ${Number(value)}`);
    t.same(await asOf(db, "DAILY", `${day(at + 1)}T12:00:00Z`), known, `vintage ${at}`);
  }
  const withdrawn = new Set(told.map(([date]) => date)).size - told.filter(([, , ended]) => ended === "9999-12-31").length;
  t.equal(await db.value("select count(*)::int from market.macro_observation where series = 'DAILY'"), told.length + withdrawn, "a row for each value and each withdrawal, none for a seam");
});

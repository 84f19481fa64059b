import { execFileSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { landFile } from "../../../runner/providers/csv.ts";
import { bring, normalise, openRun, yahooChart } from "../ingest/bodies.ts";
import { shared, testDatabase, type TestDatabase } from "../support/database.ts";

interface Row {
  date: string;
  close: number;
  adjusted: number;
  raw: number;
  volume: number;
}

/** The series as known at a moment. */
async function series(db: TestDatabase, symbol: string, adjustment: string, asOf: string | null = null): Promise<Row[]> {
  return await db.query<{ date: string; close: number; adjusted: number; raw: number; volume: number }>(
    `select bar.session_date::text as date, bar.close, bar.close as adjusted, bar.raw_close as raw, bar.volume
     from market.adjusted_bars($1, $2, $3) as bar order by bar.ts`,
    [symbol, adjustment, asOf],
    "reader",
  );
}

/** The one text file in a zip. */
const unzip = (path: string) => execFileSync("unzip", ["-p", path], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }).trim();
const far = (a: number, b: number) => Math.abs(a / b - 1);

t.test("the WIKI sample: adjusted closes from ex-dividends and split ratios, digit by digit", async (t) => {
  const file = shared(t, "corporate-actions/wiki-sample.zip");
  if (file === undefined) return;
  const rows = unzip(file).split("\n").slice(1).map((line) => line.trim().split(","));
  const db = await testDatabase(t);
  const run = await openRun(db);
  const bars = rows.map(([symbol, date, open, high, low, close, volume]) => [symbol, date, open, high, low, close, volume].join(","));
  await bring(db, run, { provider: "csv", dataset: "bars", subject: "wiki.csv", body: ["symbol,date,open,high,low,close,volume", ...bars].join("\n") });
  const actions = rows.flatMap(([symbol, date, , , , , , dividend, ratio]) => [
    ...(Number(dividend) > 0 ? [`${symbol},${date},dividend,${dividend}`] : []), ...(Number(ratio) === 1 ? [] : [`${symbol},${date},split,${ratio}`]),
  ]);
  const outcome = await bring(db, run, { provider: "csv", dataset: "actions", subject: "wiki-actions.csv", body: ["symbol,ex_date,type,amount", ...actions].join("\n") });
  t.match(outcome, { outcome: "normalised", rows: 9, new: 9, quarantined: 0 }, "eight dividends and a split");
  let compared = 0;
  for (const [symbol, theirs] of Map.groupBy(rows, ([ticker = ""]) => ticker)) {
    const ours = new Map((await series(db, symbol, "total_return")).map((row) => [row.date, row]));
    // What was paid after the sample ends scales the whole series.
    const last = theirs.at(-1) ?? [];
    const later = Number(last[12]) / (ours.get(last[1] ?? "")?.adjusted ?? NaN);
    for (const [, date = "", , , , close, , , , , , , adjusted, adjustedVolume] of theirs) {
      const our = ours.get(date);
      if (our === undefined) continue; // a bar that failed a critical rule
      compared++;
      if (far(our.adjusted * later, Number(adjusted)) > 2e-13) t.fail(`${symbol} ${date}: ${our.adjusted * later} where ${adjusted} is printed`);
      if (our.raw !== Number(close)) t.fail(`${symbol} ${date}: the raw close is ${our.raw}, not ${close}`);
      if (far(our.volume, Number(adjustedVolume)) > 1e-12) t.fail(`${symbol} ${date}: volume`);
    }
  }
  t.ok(compared > 900, `${compared} adjusted closes agree to 13 digits`);
});

t.test("whatever basis the provider used: raw, split-adjusted and fully adjusted prices give one series", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  // 2 for 1 on the 4th with a dividend of 1 (per new share) on the same day, and a dividend of 0.5 on the 8th.
  const raw: readonly (readonly [string, number])[] = [["2024-01-02", 100], ["2024-01-03", 102], ["2024-01-04", 50], ["2024-01-05", 51], ["2024-01-08", 50.5], ["2024-01-09", 52]];
  const before = { first: 1 - 1 / 51, second: 1 - 0.5 / 51 };
  const bar = (date: string, price: number, volume = 1_000) => [date, price, price, price, price, volume].join(",");
  const header = "date,open,high,low,close,volume";
  const actions = "ex_date,type,amount\n2024-01-04,split,2:1\n2024-01-04,dividend,1\n2024-01-08,dividend,0.5";
  await db.query("insert into ingest.provider (provider, title, priority, terms, price_basis) values ('split_based', 'x', 1001, 'x', 'split')");
  await db.query("insert into ingest.provider (provider, title, priority, terms, price_basis) values ('fully_based', 'x', 1002, 'x', 'total')");
  for (const provider of ["split_based", "fully_based"]) {
    await db.query(`create function ingest.normalise_${provider}_bars(p bigint) returns void language sql as $$ select ingest.read_bars_csv(p, (select subject from ingest.raw_response where raw_response_id = p)) $$`);
    await db.query(`grant execute on function ingest.normalise_${provider}_bars(bigint) to marketbase_worker`);
  }
  const given = {
    csv: raw.map(([date, price]) => bar(date, price)),
    split_based: raw.map(([date, price]) => (date < "2024-01-04" ? bar(date, price / 2, 2_000) : bar(date, price))),
    fully_based: raw.map(([date, price]) => {
      const factor = date < "2024-01-04" ? before.first * before.second : date < "2024-01-08" ? before.second : 1;
      return date < "2024-01-04" ? bar(date, (price / 2) * factor, 2_000) : bar(date, price * factor);
    }),
  };
  for (const [provider, bars] of Object.entries(given)) {
    const subject = provider.toUpperCase();
    await bring(db, run, { provider, dataset: "bars", subject, url: `file:${provider}?symbol=${provider}`, body: [header, ...bars].join("\n"), fetchedAt: "2024-02-01T00:00:00Z" });
    await bring(db, run, { provider: "csv", dataset: "actions", subject, url: `file:actions?symbol=${provider}`, body: actions, fetchedAt: "2024-02-01T00:00:00Z" });
    const close = async (adjustment: string, asOf?: string) => (await series(db, subject, adjustment, asOf)).map(({ adjusted }) => Number(adjusted.toPrecision(12)));
    const exact = (numbers: number[]) => numbers.map((number) => Number(number.toPrecision(12)));
    t.same(await close("none"), raw.map(([, price]) => price), `${provider}: the prices of the day`);
    t.same(await close("split"), [50, 51, 50, 51, 50.5, 52], `${provider}: in shares of today`);
    t.same(await close("split_dividend"), exact([50 * before.first * before.second, 51 * before.first * before.second, 50 * before.second, 51 * before.second, 50.5, 52]), `${provider}: split and dividend of one day`);
    const paid = { first: 1 / (1 + 1 / 50), second: 1 / (1 + 0.5 / 50.5) };
    t.same(await close("total_return"), exact([50 * paid.first * paid.second, 51 * paid.first * paid.second, 50 * paid.second, 51 * paid.second, 50.5, 52]), `${provider}: reinvested`);
    t.same(await close("accumulated"), exact([100, 102, (50 * 2) / paid.first, (51 * 2) / paid.first, (50.5 * 2) / paid.first / paid.second, (52 * 2) / paid.first / paid.second]), `${provider}: what one share has become`);
    // As known on the evening of the 5th: the split is known, the second dividend is not.
    t.same(await close("split_dividend", "2024-01-06T00:00:00Z"), exact([50 * before.first, 51 * before.first, 50, 51]), `${provider}: as known before the second dividend`);
    t.same(await close("split", "2024-01-03T23:00:00Z"), [100, 102], `${provider}: as known before the split, although the body came later`);
    t.same((await series(db, subject, "split")).map(({ volume }) => volume), [2_000, 2_000, 1_000, 1_000, 1_000, 1_000], `${provider}: volume in shares of today`);
  }
  t.equal(await db.value("select count(*)::int from market.price_data where close = 100"), 1, "stored bars are as they came");
  t.same(
    await db.query("select raw_close, round(split_close::numeric, 9)::float8 as split_close from market.adjusted_price_data where symbol = 'SPLIT_BASED' order by ts limit 1", [], "reader"),
    [{ raw_close: 100, split_close: 50 }],
    "the view",
  );
  t.match(await db.refused("select * from market.adjusted_bars('CSV', 'half')", [], "reader"), { code: "MB001" });
  t.match(await db.refused("select * from market.adjusted_bars('CSV', 'split', p_bar_interval => '1w')", [], "reader"), { code: "MB001" });
});

t.test("a split that comes late, is cancelled, comes back or is listed twice", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const days = ["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06"];
  const raw = [70, 70, 10, 10];
  const adjusted = [10, 10, 10, 10];
  const split = { day: "2024-03-05", numerator: 7, denominator: 1, splitRatio: "7:1" };
  const send = (prices: readonly number[], events: Record<string, unknown>, fetchedAt: string) =>
    bring(db, run, { provider: "yahoo", dataset: "bars", subject: "LATE", url: "https://query1.finance.yahoo.com/v8/finance/chart/LATE?events=div,split", body: yahooChart("LATE", days.map((day, at) => [day, prices[at] ?? NaN]), events), fetchedAt });
  const closes = async (asOf: string) => (await series(db, "LATE", "split", asOf)).map(({ adjusted: close, raw: quoted }) => [quoted, Number(close.toPrecision(12))]);
  const versions = () => db.query("select version, amount::float8, known_from::date::text as from, known_to::date::text as to from market.corporate_action_version where symbol = 'LATE' and action_type = 'split' order by version");

  await send(raw, {}, "2024-03-07T12:00:00Z");
  t.same(await closes("2024-03-07T13:00:00Z"), [[70, 70], [70, 70], [10, 10], [10, 10]], "nobody knows of a split: prices fall to a seventh");
  await db.query("delete from pipeline.stale_range");
  await send(adjusted, { splits: [split, { ...split, day: "2024-03-05" }] }, "2024-03-08T12:00:00Z");
  t.same(await versions(), [{ version: 1, amount: 7, from: "2024-03-08", to: null }], "the split that came late is known from its arrival, and once");
  t.same(
    (await db.query("select distinct consumer from pipeline.stale_range where reason like '%corporate_action%' order by 1")).map(({ consumer }) => consumer),
    ["action_feature", "fundamental_feature", "quality"],
    "what depends on it is out of date",
  );
  t.same(await closes("2024-03-07T13:00:00Z"), [[70, 70], [70, 70], [10, 10], [10, 10]], "what was known the day before stays");
  t.same(await closes("2024-03-08T13:00:00Z"), [[70, 10], [70, 10], [10, 10], [10, 10]], "then raw and adjusted prices are right");
  // The provider takes the split back, and with it the adjustment.
  await send(raw, { dividends: [{ day: "2024-03-06", amount: 0.1 }] }, "2024-03-09T12:00:00Z");
  t.same(await versions(), [{ version: 1, amount: 7, from: "2024-03-08", to: "2024-03-09" }], "a split that is no longer listed is cancelled, from the arrival of that body");
  t.equal(await db.value("select count(*)::int from market.corporate_action where action_type = 'split'"), 0);
  t.same(await closes("2024-03-09T13:00:00Z"), [[70, 70], [70, 70], [10, 10], [10, 10]]);
  t.same(await closes("2024-03-08T13:00:00Z"), [[70, 10], [70, 10], [10, 10], [10, 10]], "as of the day before it still counts");
  await send(adjusted, { splits: [split] }, "2024-03-10T12:00:00Z");
  t.same((await versions()).at(-1), { version: 2, amount: 7, from: "2024-03-10", to: null }, "it comes back as another version");
  t.equal(await db.value("select count(*)::int from market.corporate_action where action_type = 'dividend'"), 0, "a dividend that is gone is gone");
  t.same(await closes("2024-03-10T13:00:00Z"), [[70, 10], [70, 10], [10, 10], [10, 10]]);
  const count = () => db.value<number>("select count(*)::int from market.corporate_action_version");
  const before = await count();
  // An older body, and one that does not reach the day, cancel nothing.
  await bring(db, run, { provider: "yahoo", dataset: "bars", subject: "LATE", url: "https://q/old?events=div,split", body: yahooChart("LATE", [["2024-03-01", 10], ["2024-03-06", 10]], {}), fetchedAt: "2024-03-08T00:00:00Z" });
  await bring(db, run, { provider: "yahoo", dataset: "bars", subject: "LATE", url: "https://q/new?events=div,split", body: yahooChart("LATE", [["2024-03-06", 10], ["2024-03-07", 10]], {}), fetchedAt: "2024-03-11T00:00:00Z" });
  t.equal(await count(), before, "a body that is older or does not reach the ex-date cancels nothing");
  t.equal(await db.value("select count(*)::int from market.corporate_action where action_type = 'split'"), 1);
});

t.test("features over adjusted prices follow the actions, and do not look ahead", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  await db.query("select feature.define_set('adjusted', 'For a test.', array[row('level', 'adjusted_close', 'x')::feature.definition, row('shares', 'adjusted_volume', 'x')::feature.definition])", [], "author");
  await db.query("update feature.feature_set set is_active = (name = 'adjusted')");
  const bars = ["2024-01-02,100", "2024-01-03,100", "2024-01-04,50", "2024-01-05,50"].map((line) => { const [date, price] = line.split(","); return [date, price, price, price, price, 10].join(","); });
  const given = { provider: "csv", subject: "ADJ" };
  await bring(db, run, { ...given, dataset: "bars", url: "file:bars?symbol=ADJ", body: ["date,open,high,low,close,volume", ...bars].join("\n"), fetchedAt: "2024-02-01T00:00:00Z" });
  const compute = async () => {
    await db.query("select * from pipeline.compute_stale_features($1)", [run], "worker");
    return await db.query("select feature_name as name, array_agg(round(value::numeric, 9)::float8 order by ts) as values from feature.feature_data where feature_set = 'adjusted' group by 1 order by 1");
  };
  t.same(await compute(), [{ name: "level", values: [100, 100, 50, 50] }, { name: "shares", values: [10, 10, 10, 10] }], "without actions they are the prices");
  await bring(db, run, { ...given, dataset: "actions", url: "file:actions?symbol=ADJ", body: "ex_date,type,amount\n2024-01-04,split,2" });
  t.same(
    (await db.query("select consumer, from_ts::text, to_ts::text from pipeline.stale_range where reason like '%corporate_action%' order by 1")),
    [{ consumer: "action_feature", from_ts: "-infinity", to_ts: "infinity" }, { consumer: "fundamental_feature", from_ts: "-infinity", to_ts: "infinity" },
      { consumer: "quality", from_ts: "2023-12-05 00:00:00+00", to_ts: "infinity" }],
  );
  t.same(await compute(), [{ name: "level", values: [100, 100, 100, 100] }, { name: "shares", values: [10, 10, 5, 5] }], "a split leaves no jump, and the bars before it as they were");
  await bring(db, run, { ...given, dataset: "actions", url: "file:actions?symbol=ADJ", body: "ex_date,type,amount\n2024-01-05,dividend,5" });
  t.same(await compute(), [{ name: "level", values: [100, 100, 100, 110] }, { name: "shares", values: [10, 10, 5, 5] }], "a dividend is a gain of its day");
  // Another price on the ex-date: what is bought for the dividend changes from there on.
  await bring(db, run, { ...given, dataset: "bars", url: "file:bars?symbol=ADJ", body: "date,open,high,low,close,volume\n2024-01-05,25,25,25,25,10", fetchedAt: "2024-02-02T00:00:00Z" });
  t.equal(await db.value("select count(*)::int from pipeline.stale_range where consumer = 'action_feature' and to_ts = 'infinity'"), 1);
  t.same((await compute())[0], { name: "level", values: [100, 100, 100, 60] });
  t.match(await db.refused("select feature.define_set('weekly', 'x', array[row('x', 'adjusted_clos', 'x')::feature.definition])", [], "author"), { code: /^MB/ });
});

t.test("a file of actions: one clear sentence for a bad line, and nothing of it is kept", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const send = (body: string) => bring(db, run, { provider: "csv", dataset: "actions", subject: "actions.csv", body });
  for (const [body, code, message] of [
    ["symbol,ex_date,type,amount\nAAA,2024-01-02,split,2\nAAA,2024-02-30,split,2", "MB004", /^line 3: "2024-02-30" is not a date/],
    ["symbol,ex_date,type,amount\nAAA,2024-01-02,merger,2", "MB004", /^line 2: "merger" is neither split, dividend nor spin-off/],
    ["symbol,ex_date,type,amount\nAAA,2024-01-02,split,0:1", "MB004", /^line 2: amount "0:1" is not a number above 0/],
    ["symbol,ex_date,type,amount\nAAA,2024-01-02,split", "MB004", /^line 2: it has 3 fields/],
    ["symbol,ex_date,amount\nAAA,2024-01-02,2", "MB005", /has no column type/],
    ["", "MB005", /has no column/],
  ] as const) {
    const outcome = await send(body);
    t.match(outcome, { outcome: "refused", code, message }, message.source);
  }
  t.equal(await db.value("select count(*)::int from market.corporate_action"), 0);
  t.match(await send("symbol,ex_date,type,amount,currency\nAAA,2024-01-02,split,3:2,\nAAA,2024-01-03,dividend,0.25,EUR"), { outcome: "normalised", new: 2 });
  t.match(await send("symbol,ex_date,type,amount,currency\nAAA,2024-01-02,split,1.5,\nAAA,2024-01-03,dividend,0.30,EUR"), { changed: 1, new: 0 }, "content decides");
});

t.test("a spin-off is taken off as a dividend of what was given, together with one of the same day", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const bar = (day: string, price: number) => `ACME,${day},${price},${price},${price},${price},1000`;
  await bring(db, run, { provider: "csv", dataset: "bars", subject: "acme.csv", body: ["symbol,date,open,high,low,close,volume", bar("2024-01-02", 100), bar("2024-01-03", 80), bar("2024-01-04", 40)].join("\n") });
  const actions = ["symbol,ex_date,type,amount", "ACME,2024-01-03,dividend,1", "ACME,2024-01-03,Spin-off,19", "ACME,2024-01-04,split,2"];
  t.match(await bring(db, run, { provider: "csv", dataset: "actions", subject: "acme-actions.csv", body: actions.join("\n") }), { outcome: "normalised", new: 3 });
  const closes = async (adjustment: string) => (await series(db, "ACME", adjustment)).map(({ close }) => Number(close.toFixed(10)));
  t.same(await closes("none"), [100, 80, 40]);
  t.same(await closes("split"), [50, 40, 40]);
  t.same(await closes("split_dividend"), [40, 40, 40], "100 - 1 - 19, halved");
  t.same(await closes("total_return"), [40, 40, 40], "20 of 80 reinvested at 80");
  t.same(await db.query("select action_type as type, currency from market.corporate_action order by 1"), [
    { type: "dividend", currency: "USD" }, { type: "spin_off", currency: "USD" }, { type: "split", currency: null },
  ]);
});

t.test("a file says on which basis its prices are; the same prices on another basis are versions", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const lines = (rows: readonly (readonly [day: string, close: number, volume: number])[]) =>
    ["date,open,high,low,close,volume", ...rows.map(([day, close, volume]) => `${day},${close},${close},${close},${close},${volume}`)].join("\n");
  const dir = t.testdir({
    "actions.csv": "symbol,ex_date,type,amount\nRAW,2024-03-05,split,4\nSPLIT,2024-03-05,split,4\nOLD,2024-03-05,split,4\nTOTAL,2024-03-05,split,4\nTOTAL,2024-03-06,dividend,2.5\nRAW,2024-03-06,dividend,2.5\n",
    "raw.csv": lines([["2024-03-04", 400, 100], ["2024-03-05", 100, 400], ["2024-03-06", 100, 400]]),
    "split.csv": lines([["2024-03-04", 100, 400], ["2024-03-05", 100, 400], ["2024-03-06", 100, 400]]),
    // Made on the evening of 4 March: the split of the day after is not in it.
    "old.csv": lines([["2024-03-01", 400, 100], ["2024-03-04", 400, 100]]),
    "total.csv": lines([["2024-03-04", 97.5, 400], ["2024-03-05", 97.5, 400], ["2024-03-06", 100, 400]]),
  });
  const bringFile = async (name: string, symbol: string, basis?: { price: string; adjustedTo?: string }, dataset: "bars" | "actions" = "bars") => {
    const { rawResponseId } = await landFile(db.worker, { runId: run, dataset, path: join(dir, name), ...(dataset === "bars" ? { about: { key: "symbol", value: symbol } } : {}), basis });
    return await normalise(db, run, rawResponseId);
  };
  await bringFile("raw.csv", "RAW");
  await bringFile("split.csv", "SPLIT", { price: "split" });
  await bringFile("old.csv", "OLD", { price: "split", adjustedTo: "2024-03-04" });
  await bringFile("total.csv", "TOTAL", { price: "total" });
  await bringFile("actions.csv", "", undefined, "actions");
  const rounded = async (symbol: string, adjustment: string) => (await series(db, symbol, adjustment)).map(({ date, close, raw, volume }) => [date.slice(5), Number(close.toFixed(9)), Number(raw.toFixed(9)), volume]);
  const split = [["03-04", 100, 400, 400], ["03-05", 100, 100, 400], ["03-06", 100, 100, 400]];
  t.same(await rounded("RAW", "split"), split);
  t.same(await rounded("SPLIT", "split"), split, "adjusted for splits");
  t.same(await rounded("TOTAL", "split"), split, "adjusted for splits and dividends");
  t.same(await rounded("TOTAL", "split_dividend"), await rounded("RAW", "split_dividend"));
  t.same(await rounded("OLD", "split"), [["03-01", 100, 400, 400], ["03-04", 100, 400, 400]], "until the day on which the file was made");

  // Brought in as raw at first: the user says it again, with the basis.
  await bringFile("split.csv", "LATER");
  await db.query("insert into market.corporate_action (instrument_id, action_type, ex_date, amount, known_from, provider, raw_response_id, run_id) select market.instrument_id('LATER'), action_type, ex_date, amount, known_from, provider, raw_response_id, run_id from market.corporate_action where instrument_id = market.instrument_id('SPLIT')");
  t.same((await rounded("LATER", "split"))[0], ["03-04", 25, 100, 1600], "taken for raw");
  t.match(await bringFile("split.csv", "LATER", { price: "split" }), { new: 0, changed: 3 });
  t.same(await rounded("LATER", "split"), split);
  t.match(await bringFile("split.csv", "LATER", { price: "split" }), { run_id: undefined, changed: 3 }, "once more: what became of it then");
  t.equal(await db.value("select max(version) from market.price_data where instrument_id = market.instrument_id('LATER')"), 2);
});

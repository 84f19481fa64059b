import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { bring, openRun } from "../ingest/bodies.ts";
import { shared, testDatabase } from "../support/database.ts";

/** The one text file in a zip. */
const unzip = (path: string) => execFileSync("unzip", ["-p", path], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }).trim();
const far = (a: number, b: number) => Math.abs(a / b - 1);

t.test("the factor files: price and split factors of raw bars, from splits and dividends in cents", async (t) => {
  const folder = shared(t, "corporate-actions");
  if (folder === undefined) return;
  const db = await testDatabase(t);
  const run = await openRun(db);
  let judged = 0;
  for (const symbol of ["aapl", "ibm", "spy", "goog"]) {
    const bars = unzip(`${folder}/lean-daily-raw/${symbol}.zip`).split("\n").map((line) => {
      const [stamp = "", ...prices] = line.trim().split(",");
      return { date: `${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6, 8)}`, prices: prices.slice(0, 4).map((price) => Number(price) / 10_000), volume: prices[4] };
    });
    const factorFile = symbol === "goog" ? "googl" : symbol; // the bars of goog.zip begin as the ticker of class A
    const factors = readFileSync(`${folder}/lean-factor-files/${factorFile}.csv`, "utf8").trim().split("\n").map((line) => {
      const [day = "", price, split] = line.trim().split(",");
      return { date: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`, price: Number(price), split: Number(split) };
    });
    const index = new Map(bars.map(({ date }, at) => [date, at]));
    // A row holds up to its day; the difference to the next row is what went ex on the next session.
    const actions = factors.flatMap(({ date, price, split }, at) => {
      const next = factors[at + 1];
      const here = index.get(date);
      const ex = here === undefined ? undefined : bars[here + 1];
      if (next === undefined || here === undefined || ex === undefined || date < (bars[0]?.date ?? "")) return [];
      const ratio = next.split / split;
      const amount = ((bars[here]?.prices[3] ?? NaN) / ratio) * (1 - price / next.price);
      return [
        ...(Math.abs(ratio - 1) > 1e-9 ? [`${ex.date},split,${(Math.abs(ratio - Math.round(ratio)) < 1e-3 ? Math.round(ratio) : ratio).toFixed(6)}`] : []),
        ...(amount > 0.004 ? [`${ex.date},dividend,${amount.toFixed(symbol === "spy" ? 3 : 2)}`] : []),
      ];
    });
    const csv = bars.map(({ date, prices, volume }) => [date, ...prices, volume].join(","));
    const url = (name: string) => `file:${name}?symbol=${symbol}`;
    const given = { provider: "csv", subject: symbol.toUpperCase() };
    await bring(db, run, { ...given, dataset: "bars", url: url("bars"), body: ["date,open,high,low,close,volume", ...csv].join("\n") });
    t.match(await bring(db, run, { ...given, dataset: "actions", url: url("actions"), body: ["ex_date,type,amount", ...actions].join("\n") }), { outcome: "normalised", new: actions.length });
    const ours = await db.query<{ date: string; split: number; dividend: number }>(
      "select session_date::text as date, split_factor as split, dividend_factor as dividend from market.adjusted_bars($1, 'split_dividend')", [symbol],
    );
    // Theirs go on after the bars end.
    const last = ours.at(-1);
    const theirs = (date: string) => factors.find((row) => row.date >= date);
    const end = theirs(last?.date ?? "");
    let worst = 0;
    for (const { date, split, dividend } of ours) {
      const their = theirs(date);
      if (their === undefined || end === undefined) continue;
      judged++;
      worst = Math.max(worst, far(split, their.split / end.split), far(dividend, their.price / end.price));
    }
    // Their factors have seven digits, our dividends whole cents.
    t.ok(worst < 1e-4, `${symbol}: ${actions.length} actions, the factors differ by at most ${worst.toExponential(1)}`);
  }
  t.ok(judged > 10_000, `${judged} days were compared`);
});

t.test("Yahoo's split-adjusted bars of AAPL: quoted prices equal the raw bars of others, adjusted ones Yahoo's adjusted close", async (t) => {
  const file = shared(t, "recordings/yahoo/chart-v8/AAPL-1d-full-history.json");
  const raw = shared(t, "corporate-actions/lean-daily-raw/aapl.zip");
  if (file === undefined || raw === undefined) return;
  const db = await testDatabase(t);
  const run = await openRun(db);
  await bring(db, run, { provider: "yahoo", dataset: "bars", subject: "AAPL", url: "https://query1.finance.yahoo.com/v8/finance/chart/AAPL?events=div,split", body: readFileSync(file), fetchedAt: "2022-03-05T12:00:00Z" });
  const ours = await db.query<{ date: string; raw: number; close: number; adjusted: number }>(
    `select bar.session_date::text as date, bar.raw_close as raw, bar.close, stored.adjusted_close as adjusted
     from market.adjusted_bars('AAPL', 'split_dividend') as bar
     join market.price_data as stored using (instrument_id, bar_interval, ts)`,
  );
  t.ok(ours.length > 10_000);
  const theirs = new Map<string, number>(unzip(raw).split("\n").map((line) => {
    const [stamp = "", , , , close] = line.trim().split(",");
    return [`${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6, 8)}`, Number(close) / 10_000] as const;
  }));
  const compared = ours.filter(({ date }) => theirs.has(date));
  // Theirs are last trades, Yahoo's are official closes.
  const quoted = compared.filter(({ date, raw }) => far(raw, theirs.get(date) ?? NaN) > 0.01);
  t.ok(compared.length > 5_000, `${compared.length} days are in both`);
  t.ok(quoted.length < compared.length / 1_000, `all but ${quoted.length} quoted prices agree within a hundredth, splits of 28 to 1 in between`);
  const worst = ours.reduce((most, { close, adjusted }) => Math.max(most, far(close, adjusted)), 0);
  t.ok(worst < 5e-6, `the adjusted closes differ by at most ${worst.toExponential(1)}`);
});

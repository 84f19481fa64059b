import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { runCli } from "../../../runner/testing/cli.ts";
import { shared, testDatabase } from "../support/database.ts";

t.setTimeout(200_000);

/** Symbols with every row that cannot be right, with gaps and bad prints, and some of those that have one day twice. */
const symbols = [
  "AOS", "BBY", "BHF", "CHD", "CHK", "DHR", "ES", "FTV", "IP", "LNT", "O", "REGN", "SPG", "UA", "VRTX", "WRK", "ICE", "ORCL", "BMY",
  "FLR", "MRO", "NWL", "DISCK", "XL", "ABC", "ACN", "ADS", "AEE",
];

t.test("what would be sent to the vendor of five years of the S&P 500", async (t) => {
  const file = shared(t, "prices/sp500_5yr.csv.gz");
  if (file === undefined) return;
  const db = await testDatabase(t);
  const env = { DATABASE_URL: db.url("admin") };
  const part = join(t.testdir(), "part.csv");
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
  writeFileSync(part, `${lines.filter((line, i) => i === 0 || symbols.includes(line.slice(line.lastIndexOf(",") + 1))).join("\n")}\n`);
  t.match(await runCli(["import", part, "--basis", "split", "--adjusted-to", "2018-02-07"], env), { status: 3, stdout: /23 rows are in quarantine/ });
  t.match(await runCli(["validate"], env), { status: 3 });

  const { stdout: report, status } = await runCli(["report", "vendor_defects", "--lines", "200"], env);
  t.equal(status, 0);
  t.same(report.split("\n").filter((line) => line.length > 120), [], "as wide as a page");
  const [, kinds = "", meanings = "", common = "", refused = "", rows = "", gaps = ""] = report.split(/^# \d\. .*$/m);
  const places = [...kinds.matchAll(/^ (critical|error|warning|info) /gm)].map(([, severity]) => ["critical", "error", "warning", "info"].indexOf(severity ?? ""));
  t.same(places, places.toSorted((a, b) => a - b), "the gravest first");
  t.match(kinds, / critical \| bar_ohlc_order +\| +12 \| +0 \| +11 \| +10 \| 2014-05-19 \| 2016-06-10\n/, "twelve contradictions");
  t.match(kinds, / critical \| bar_values_present +\| +11 \| +0 \| +9 \| +8 \| 2015-05-12 \| 2017-07-26\n/, "eleven rows that lack prices");
  t.match(kinds, / warning +\| price_no_gap +\| +51 \| +0 \| +6 \| +20 \| 2013-04-26 \| 2016-04-04\n/, "51 sessions without a row, those of refused rows not among them");
  t.notMatch(kinds, /bar_readable|price_fresh|price_tick_size/, "nothing said twice, nor the age of the file, nor ticks of a tenth of a cent");
  t.match(meanings, / price_bar_repeated +\| A bar was copied to the next session/);
  t.match(common, / error +\| price_bar_repeated +\| 2014-08-04 \| +[5-9] \| /, "a day that was copied for many symbols is one line");
  t.equal([...refused.matchAll(/^ \w+ +\| \d{4}-\d\d-\d\d \| +\d+ \|/gm)].length, 23, "each refused row with its number");
  t.match(rows, / warning +\| FLR +\| 2017-09-14 \| spike +\| The close of 2017-09-14 moved by 26\.1 %/);
  t.match(rows, / error +\| DISCK +\| 2014-08-07 \| split_consistent +\| /);
  t.notMatch(rows, /2014-08-04/, "what is common is not listed again");
  t.match(gaps, / DHR +\| 2015-03-09 +\| 2015-03-20 +\| +10\n/, "ten sessions missing are one gap");
  t.notMatch(gaps, / BHF +\|/, "a row that was refused is not missing");
});

import { join } from "node:path";
import t from "tap";
import { dispatch } from "../dispatch.ts";

const run = (...argv: string[]) => dispatch(argv, () => new AbortController().signal);

t.test("wrong usage is one sentence and exit status 2, before anything is opened", async (t) => {
  const cases: readonly (readonly [argv: string[], message: RegExp, hint?: RegExp])[] = [
    [["ingest", "nobody", "AAPL"], /There is no provider nobody/, /sample, yahoo, tiingo, polygon, .*kraken/],
    [["ingest", "constructor", "AAPL"], /There is no provider constructor/],
    [["ingest", "yahoo", "A;B"], /"A;B" cannot be a symbol of yahoo/],
    [["ingest", "yahoo", "../etc"], /cannot be a symbol/],
    [["ingest", "yahoo", "AAPL", "--dataset", "fundamentals"], /The provider yahoo has no fundamentals/, /It has bars/],
    [["ingest", "yahoo", "AAPL", "--interval", "7m"], /The provider yahoo has no bars of 7m/, /It has 1d, 1m/],
    [["ingest", "yahoo", "AAPL", "--from", "2024-02-30"], /"2024-02-30" is not a date/],
    [["ingest", "yahoo", "AAPL", "--from", "2024-02-02", "--to", "2024-02-01"], /lies after the last day/],
    [["import", join(t.testdir({}), "none.csv")], /There is no file/],
    [["import", t.testdir({})], /is not a file/],
    [["import", "x.csv", "--symbol", "A;B"], /"A;B" cannot be a symbol/],
    [["import", "x.csv", "--symbol", "AAPL", "--dataset", "trades"], /--symbol goes with bars and actions/],
    [["import", "x.csv", "--dataset", "trades", "--basis", "split"], /--basis goes with bars/],
    [["import", "x.csv", "--adjusted-to", "2024-01-01"], /--adjusted-to goes with --basis split or total/],
    [["import", "x.csv", "--basis", "split", "--adjusted-to", "2024-02-30"], /"2024-02-30" is not a date/],
    [["calendar", "import", join(t.testdir({}), "none.csv")], /There is no file/],
    [["calendar", "import", "x.csv", "--mic", "TOKYO"], /"TOKYO" is not a market identifier code/],
    [["calendar", "import", "x.csv", "--time-zone", "A;B"], /There is no time zone "A;B"/],
    [["calendar", "show", "XNYS", "--from", "2024-02-30"], /"2024-02-30" is not a date/],
    [["calendar", "show", "XNYS", "--from", "2024-02-02", "--to", "2024-02-01"], /lies after the last day/],
    [["universe", "import", "S&P", "x.csv"], /cannot be the name of a universe/],
    [["universe", "import", "sp500", "x.csv", "--date", "2024-02-30"], /"2024-02-30" is not a date/],
  ];
  for (const [argv, message, hint] of cases) {
    await t.rejects(run(...argv), { message, exitCode: 2, ...(hint === undefined ? {} : { hint }) }, argv.join(" "));
  }
});

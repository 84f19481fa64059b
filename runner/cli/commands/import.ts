import { basename, resolve } from "node:path";
import { EXIT, UserError } from "../../config/user-error.ts";
import type { Dataset } from "../../providers/provider.ts";
import type { Command } from "../command.ts";

/** `marketbase import`: from a file of the user to the market tables. */
const command: Command = {
  name: "import",
  summary: "Take in a file: bars, corporate actions, trades or documents",
  usage: "FILE [--symbol SYMBOL | --feed NAME] [--dataset NAME] [--basis raw|split|total [--adjusted-to DATE]]",
  details:
    "Bars are CSV with the columns date (2024-12-31), open, high, low, close, volume, and if there are any adjusted_close and symbol (or ticker, or name), in any\n" +
    "order and case. A bar that is known with other values gets a new version: a file of yours wins over every provider.\n" +
    "Files that come again and again are a feed: a bar of a day of which an earlier file had told without it is late, and known from the file that brings it. Files of one\n" +
    "name, or of one --symbol, are one feed; where each day has a file of another name, --feed says which belong together.\n" +
    "Prices count as traded (raw) unless --basis says that those of the past are adjusted for splits, or for splits and dividends (total): for those until --adjusted-to,\n" +
    "the day to which the file was made, or else until today. market.adjusted_bars then turns them back by the actions that are known; the same prices on another\n" +
    "basis make new versions. Actions are CSV with\n" +
    "symbol, ex_date, type (split, dividend or spin_off), amount (new shares per old share, as 7:1; cash, or value of the shares given, per share) and if there is one currency. Trades are CSV, documents a JSON object\n" +
    "per line. A file whose name ends in .gz is unpacked. Files of any size are streamed. Rows that cannot be right stay out, each with its reason (exit status 3).",
  examples: [
    ["marketbase import prices.csv", "bars of many symbols, with a column symbol"],
    ["marketbase import msft.csv.gz --symbol MSFT", "bars of one symbol"],
    ["marketbase import sp500_5yr.csv.gz --basis split --adjusted-to 2018-02-07", "prices that a vendor has adjusted for splits, in February 2018"],
    ["marketbase import eod-2026-11-23.csv --feed vendor-eod", "the file of a day, one of many"],
    ["marketbase import actions.csv --dataset actions", "splits and dividends"],
    ["marketbase import trades.csv --dataset trades", "trades of a portfolio"],
    ["marketbase import notes.ndjson --dataset documents", "documents for the search"],
  ],
  options: {
    symbol: { type: "string", value: "SYMBOL", description: "what the bars are of, when the file has no column that says it" },
    feed: { type: "string", value: "NAME", description: "what files of different names belong to" },
    basis: { type: "string", value: "NAME", choices: ["raw", "split", "total"], description: "what prices of the past are adjusted for (default raw)" },
    "adjusted-to": { type: "string", value: "DATE", description: "last ex-date that is counted in adjusted prices (default today)" },
    dataset: { type: "string", value: "NAME", choices: ["bars", "actions", "trades", "documents"], description: "what the file holds (default bars)" },
  },
  arguments: { min: 1, max: 1 },
  async run({ args, config, option, progress, print, signal }) {
    const [path = ""] = args;
    const dataset = (option("dataset") ?? "bars") as Dataset;
    const symbol = option("symbol")?.toUpperCase();
    if (symbol !== undefined && dataset !== "bars" && dataset !== "actions") throw new UserError(`--symbol goes with bars and actions, not with ${dataset}.`, { exitCode: EXIT.usage });
    if (symbol !== undefined && !/^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$/.test(symbol)) {
      throw new UserError(`"${symbol.slice(0, 40)}" cannot be a symbol.`, { exitCode: EXIT.usage, hint: "Symbols look like AAPL, BRK-B, ^GSPC, EURUSD=X or OCDO.L." });
    }
    const feed = option("feed");
    if (feed !== undefined && (dataset !== "bars" || symbol !== undefined)) {
      throw new UserError(`--feed goes with bars of many symbols, not with ${symbol === undefined ? dataset : "--symbol"}.`, { exitCode: EXIT.usage });
    }
    if (feed !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(feed)) {
      throw new UserError(`"${feed.slice(0, 40)}" cannot be the name of a feed.`, { exitCode: EXIT.usage, hint: "Use up to 64 letters, digits, . _ and -." });
    }
    const price = option("basis");
    const adjustedTo = option("adjusted-to");
    if (price !== undefined && dataset !== "bars") throw new UserError(`--basis goes with bars, not with ${dataset}.`, { exitCode: EXIT.usage });
    if (adjustedTo !== undefined) {
      if (price !== "split" && price !== "total") throw new UserError("--adjusted-to goes with --basis split or total.", { exitCode: EXIT.usage });
      const { isDate } = await import("../../providers/index.ts");
      if (!isDate(adjustedTo)) throw new UserError(`"${adjustedTo.slice(0, 40)}" is not a date.`, { exitCode: EXIT.usage, hint: "Dates are written as 2024-12-31." });
    }

    const { landFile, requireFile } = await import("../../providers/csv.ts");
    const { ingestAll } = await import("../../providers/normalise.ts");
    const { reportOn } = await import("../../providers/report.ts");
    const { openWorkerPool } = await import("../../providers/open.ts");
    await requireFile(path);
    const { pool, close } = await openWorkerPool(config, "import", progress);
    try {
      const about = symbol === undefined ? undefined : ({ key: "symbol", value: symbol } as const);
      const parameters = { provider: "csv", dataset, file: basename(path), ...(symbol === undefined ? {} : { symbol }), ...(feed === undefined ? {} : { feed }), ...(price === undefined ? {} : { basis: price }) };
      const basis = price === undefined ? undefined : { price, adjustedTo };
      const item = { subject: basename(path), parameters, land: (runId: string) => landFile(pool, { runId, dataset, path: resolve(path), about, feed, basis }) };
      const results = await ingestAll(pool, parameters, [item], {
        signal,
        onItem: ({ subject }, work) => progress.run(`import ${subject}`, work, ({ outcome, rowCount }) => (outcome === "refused" ? "refused" : `${rowCount} rows`)),
      });
      const report = await reportOn(pool, results);
      print(report.text, report.data);
      return report.exitCode;
    } finally {
      await close();
    }
  },
};

export default command;

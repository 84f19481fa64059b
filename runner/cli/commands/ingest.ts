import { datasets, type HttpSource } from "../../providers/provider.ts";
import type { Command } from "../command.ts";

/** `marketbase ingest`: from a provider to the market tables. */
const command: Command = {
  name: "ingest",
  summary: "Fetch from a provider: land, validate and store",
  usage: "PROVIDER SYMBOL… [--dataset NAME] [--interval LENGTH] [--from DATE] [--to DATE]",
  details:
    "Stores the exact body, reads it, checks the rows and takes them in: new rows, new versions of changed ones. What is there already changes nothing.\n" +
    "marketbase providers lists whom it can ask, which of them want a key and what each has. MARKETBASE_<PROVIDER>_URL names a server of your own to ask in\n" +
    "place of the provider. Exit status 3 means that rows are in quarantine, 75 that the provider wants to be asked later.",
  examples: [
    ["marketbase ingest sample AAPL ^GSPC", "the bars that come with marketbase"],
    ["marketbase ingest sample AAPL --dataset fundamentals", "figures of Apple's annual reports"],
    ["marketbase ingest yahoo MSFT BRK-B --from 2015-01-01", "daily bars with splits and dividends"],
    ["marketbase ingest binance BTC-USDT --interval 1h --from 2024-01-01", "hourly bars, page by page"],
    ["MARKETBASE_CONTACT=you@example.com marketbase ingest sec NVDA --dataset fundamentals", "every fact that NVIDIA reported"],
  ],
  options: {
    dataset: { type: "string", value: "NAME", choices: datasets, description: "what to fetch (default: what the provider has first)" },
    interval: { type: "string", value: "LENGTH", description: "length of the bars, such as 1m, 1h, 1d, 1w or 1mo (default 1d)" },
    from: { type: "string", value: "DATE", description: "first day, as 2024-12-31" },
    to: { type: "string", value: "DATE", description: "last day" },
  },
  arguments: { min: 2, max: 1_000 },
  async run({ args, config, option, progress, print, signal }) {
    const [providerName = "", ...symbols] = args;
    const { findProvider, checkRequest } = await import("../../providers/index.ts");
    const provider = findProvider(providerName);
    const dataset = option("dataset") ?? provider.datasets[0] ?? "bars";
    const requests = symbols.map((subject) => checkRequest(provider, { dataset, subject, from: option("from"), to: option("to"), interval: option("interval") }));

    const { fetchAndLand } = await import("../../providers/fetch-and-land.ts");
    const { ingestAll } = await import("../../providers/normalise.ts");
    const { reportOn } = await import("../../providers/report.ts");
    const { openWorkerPool } = await import("../../providers/open.ts");
    const { pool, close } = await openWorkerPool(config, "ingest", progress);
    try {
      const items = requests.map((request) => ({
        subject: request.subject,
        parameters: { provider: provider.name, ...request },
        land: (runId: string, page?: HttpSource) =>
          fetchAndLand(pool, { runId, provider: provider.name, ...request, page }, process.env, { waitSeconds: 30, attempts: 4, signal }),
      }));
      const results = await ingestAll(pool, { provider: provider.name, dataset, subjects: items.map(({ subject }) => subject) }, items, {
        signal,
        onItem: ({ subject }, work) =>
          progress.run(`${provider.name} ${dataset} ${subject}`, work, ({ outcome, rowCount }) => (outcome === "refused" ? "refused" : `${rowCount} rows`)),
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

import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase schedule add`: something that is fetched again and again. */
const command: Command = {
  name: "schedule add",
  summary: "Have something fetched again and again",
  usage: "NAME --provider NAME (--symbols A,B… | --universe NAME) (--cron LINE | --after-close MIC)",
  details:
    "Every worker (marketbase worker, start) looks for what is due, and starts a backfill of the last days for it. The schedule is a row of pipeline.schedule: it\n" +
    "survives restarts, and what was missed while no worker ran is made up once. With both --cron and --after-close a moment within the session waits for its close.",
  examples: [
    ["marketbase schedule add us-daily --provider yahoo --universe sp500 --after-close XNYS", "half an hour after each close of New York, half days included"],
    ['marketbase schedule add night --provider yahoo --symbols AAPL,MSFT --cron "30 6 * * 2-6" --time-zone Europe/Oslo', "in the morning after each weekday"],
    ['marketbase schedule add filings --provider sec --dataset fundamentals --symbols AAPL --cron "0 23 * * 5"', "every Friday night"],
  ],
  options: {
    provider: { type: "string", value: "NAME", description: "whom to ask" },
    dataset: { type: "string", value: "NAME", description: "what to fetch (default: what the provider has first)" },
    symbols: { type: "string", value: "A,B", multiple: true, description: "symbols, with commas; may be given again" },
    universe: { type: "string", value: "NAME", description: "the members that a universe has at the time, each for the days of its membership" },
    cron: { type: "string", value: "LINE", description: "minute, hour, day of month, month, day of week" },
    "time-zone": { type: "string", value: "ZONE", description: "time zone of --cron and of the days (default UTC)" },
    "after-close": { type: "string", value: "MIC", description: "exchange whose session must be over, such as XNYS" },
    delay: { type: "string", value: "N", description: "minutes after the close, 1 to 1440 (default 30)" },
    "look-back": { type: "string", value: "N", description: "days that are fetched along, 1 to 36500 (default 7)" },
  },
  arguments: { min: 1, max: 1 },
  async run(context) {
    const { args: [name = ""], option, all, print } = context;
    const { findProvider, checkRequest } = await import("../../providers/index.ts");
    const { positiveInteger } = await import("../positive-integer.ts");
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    const providerName = option("provider");
    if (providerName === undefined) throw new UserError("It is not said whom to ask.", { exitCode: EXIT.usage, hint: "Give --provider, such as --provider yahoo." });
    const provider = findProvider(providerName);
    const dataset = option("dataset") ?? provider.datasets[0] ?? "bars";
    const given = all("symbols").flatMap((list) => list.split(",")).map((symbol) => symbol.trim()).filter((symbol) => symbol !== "");
    const symbols = [...new Set(given.map((subject) => checkRequest(provider, { dataset, subject }).subject))];
    const delay = positiveInteger("--delay", option("delay") ?? "30", 1_440);
    const lookBack = positiveInteger("--look-back", option("look-back") ?? "7", 36_500);
    await withPool(context, "marketbase schedule add", "worker", 1, async (pool) => {
      const added = await one(
        pool,
        `select name, provider, dataset, symbols, universe, cron, after_close, time_zone, look_back_days, next_at
         from pipeline.add_schedule($1, $2, $3, $4, $5, $6, $7, make_interval(mins => $8), $9, $10)`,
        [name, provider.name, dataset, symbols.length === 0 ? null : symbols, option("universe") ?? null, option("cron") ?? null, option("after-close") ?? null, delay, option("time-zone") ?? "UTC", lookBack],
      );
      print(`The schedule ${name} is due next at ${(added["next_at"] as Date).toISOString()}. A running worker carries it out.`, added);
    });
  },
};

export default command;

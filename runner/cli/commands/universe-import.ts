import { resolve } from "node:path";
import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase universe import`: the members of a universe, from a file. */
const command: Command = {
  name: "universe import",
  summary: "Take in the members of a universe from a CSV file",
  usage: "NAME FILE [--date DATE]",
  details:
    "Columns: symbol (or ticker), with start_date and end_date for a file of all spells (end_date is the first day on which it was no longer a member, empty where it\n" +
    "still is), without them for the members of one day, DATE or today: who was one and is not there has left. sector, cik and name are taken in where they are given.\n" +
    "Changes that take effect after what was covered before count as known from their day, earlier ones as corrections, known from now. Delisted members stay.\n" +
    "A file with a bad line is refused as a whole; one that says what is known changes nothing.",
  examples: [
    ["marketbase universe import sp500 sp500_ticker_start_end.csv", "every spell since 1996"],
    ["marketbase universe import sp500 constituents.csv --date 2026-11-24", "who is a member on that day, with sectors"],
  ],
  options: { date: { type: "string", value: "DATE", description: "day of a file without start_date, as 2024-12-31 (default today)" } },
  arguments: { min: 2, max: 2 },
  async run({ args, config, option, progress, print, signal }) {
    const [name = "", path = ""] = args;
    const date = option("date");
    if (!/^[a-z0-9][a-z0-9_-]{0,40}$/.test(name)) throw new UserError(`"${name.slice(0, 60)}" cannot be the name of a universe.`, { exitCode: EXIT.usage, hint: "Use lower-case letters, digits, _ and -, at most 41." });
    if (date !== undefined && !(/^\d{4}-\d\d-\d\d$/.test(date) && new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date))) {
      throw new UserError(`--date: "${date.slice(0, 40)}" is not a date.`, { exitCode: EXIT.usage, hint: "Write it as 2024-12-31." });
    }
    const { importWhole } = await import("../../providers/import-whole.ts");
    const { table, count } = await import("../../output/table.ts");
    const outcome = await importWhole({
      path: resolve(path), dataset: "members", subject: name, url: `file:members/${name}${date === undefined ? "" : `?date=${date}`}`, config, progress, signal,
    });
    const { rowCount, newCount, versionCount } = outcome;
    print(
      table(["universe", "spells", "new", "changed", "as before"], [[name, count(rowCount), count(newCount), count(versionCount), count(rowCount - newCount - versionCount)]]),
      { universe: name, spells: rowCount, new: newCount, changed: versionCount, raw_response_id: Number(outcome.rawResponseId) },
    );
  },
};

export default command;

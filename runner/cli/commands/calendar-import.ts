import { resolve } from "node:path";
import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase calendar import`: the sessions of an exchange, from a file. */
const command: Command = {
  name: "calendar import",
  summary: "Take in the sessions of an exchange from a CSV file",
  usage: "FILE [--mic MIC] [--time-zone ZONE]",
  details:
    "Columns: mic (or --mic), date, open, close, and break_start and break_end where there is a break at noon. A time is an instant (2024-12-31T14:30:00Z) or one of the\n" +
    "clock of the exchange (09:30). From its first to its last day the file is complete: days without a line are closed. An exchange that is not known yet is added.\n" +
    "A file with a bad line is refused as a whole; one that says what is known changes nothing. Files of any size are streamed, and .gz is unpacked.",
  examples: [
    ["marketbase calendar import tokyo.csv", "with a column mic"],
    ["marketbase calendar import sessions.csv --mic XTKS --time-zone Asia/Tokyo", "of one exchange, times of its clock"],
  ],
  options: {
    mic: { type: "string", value: "MIC", description: "exchange of all sessions, when the file has no column mic" },
    "time-zone": { type: "string", value: "ZONE", description: "clock of the times that name no zone, and of an exchange that is new" },
  },
  arguments: { min: 1, max: 1 },
  async run({ args, config, option, progress, print, signal }) {
    const [path = ""] = args;
    const mic = option("mic")?.toUpperCase();
    const zone = option("time-zone");
    if (mic !== undefined && !/^[A-Z0-9]{4}$/.test(mic)) throw new UserError(`"${mic.slice(0, 40)}" is not a market identifier code.`, { exitCode: EXIT.usage, hint: "It has four characters, such as XTKS." });
    if (zone !== undefined && !/^[A-Za-z0-9_+/-]{1,60}$/.test(zone)) throw new UserError(`There is no time zone "${zone.slice(0, 60)}".`, { exitCode: EXIT.usage, hint: "Use a name such as Asia/Tokyo." });
    const query = [...(mic === undefined ? [] : [`mic=${mic}`]), ...(zone === undefined ? [] : [`time_zone=${zone}`])].join("&");

    const { importWhole } = await import("../../providers/import-whole.ts");
    const { table, count } = await import("../../output/table.ts");
    const outcome = await importWhole({
      path: resolve(path), dataset: "sessions", subject: "sessions", url: `file:sessions${query === "" ? "" : `?${query}`}`, config, progress, signal,
    });
    const { rowCount, newCount, versionCount } = outcome;
    print(
      table(["sessions", "new", "changed", "as before"], [[count(rowCount), count(newCount), count(versionCount), count(rowCount - newCount - versionCount)]]),
      { sessions: rowCount, new: newCount, changed: versionCount, raw_response_id: Number(outcome.rawResponseId) },
    );
  },
};

export default command;

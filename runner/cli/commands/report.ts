import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase report`: a report of db/reports, where there is no psql. */
const command: Command = {
  name: "report",
  summary: "Print a report, such as compliance, as of a moment",
  usage: "NAME [--as-of MOMENT] [--lines N] [--format text|csv|json] [--output FILE]",
  details: "The reports are plain SQL for psql in db/reports. As text they come out byte for byte as psql prints them, and the same moment gives the same bytes for ever.",
  examples: [
    ["marketbase report compliance", "as of now"],
    ["marketbase report compliance --as-of 2026-01-01", "as of the beginning of 2026, UTC"],
    ["marketbase report compliance --format csv --output compliance.csv", "as CSV, into a file"],
    ["marketbase report --list", "which reports there are"],
  ],
  options: {
    "as-of": { type: "string", value: "MOMENT", description: "report what had been recorded until then; UTC unless it names a zone" },
    lines: { type: "string", value: "N", description: "most lines of each list; 40 unless given" },
    format: { type: "string", value: "FORMAT", choices: ["text", "csv", "json"], description: "text (as psql), csv or json" },
    output: { type: "string", value: "FILE", short: "o", description: "write into a file instead of standard output" },
    list: { type: "boolean", description: "list the reports" },
  },
  arguments: { min: 0, max: 1 },
  async run({ args, config, flag, option, json, print }) {
    const { findReport, listReports } = await import("../../report/catalogue.ts");
    if (flag("list")) {
      const reports = listReports().map(({ name, summary }) => ({ name, summary }));
      print(reports.map(({ name, summary }) => `${name}: ${summary}`).join("\n"), reports);
      return;
    }
    const [name] = args;
    if (name === undefined) throw new UserError("Which report?", { exitCode: EXIT.usage, hint: "marketbase report --list shows them." });
    const lines = option("lines");
    if (lines !== undefined && !/^\d{1,9}$/.test(lines)) {
      throw new UserError(`--lines ${lines} is not a number of lines.`, { exitCode: EXIT.usage, hint: "Give a whole number, such as 1000." });
    }
    const { formats, writeReport } = await import("../../report/write.ts");
    const { runScript } = await import("../../report/run.ts");
    const { parseScript } = await import("../../report/script.ts");
    const { openDatabase } = await import("../../database/open.ts");
    const { connect } = await import("../../database/connect.ts");
    const report = findReport(name);
    const steps = parseScript(report.text, `db/reports/${report.name}.sql`);
    const format = formats.find((candidate) => candidate === option("format")) ?? (json ? "json" : "text");
    const asOf = option("as-of");
    const output = option("output");

    // A report reads: it neither migrates nor creates anything.
    const database = await openDatabase(config, { what: `marketbase report ${report.name}`, migrate: false });
    try {
      const client = await connect(database.urlFor("auditor"), `marketbase report ${report.name}`);
      try {
        const parts = runScript(client, steps, { ...(asOf === undefined ? {} : { as_of: asOf }), ...(lines === undefined ? {} : { lines }) });
        const pieces = writeReport(parts, format);
        // The first piece comes before the file is opened: a wrong moment leaves an older report alone.
        const first = await pieces.next();
        const all = (async function* () {
          if (first.done !== true) yield first.value;
          yield* pieces;
        })();
        if (output === undefined) await pipeline(all, process.stdout, { end: false });
        else await pipeline(all, createWriteStream(output));
      } finally {
        await client.end().catch(() => undefined);
      }
    } catch (error) {
      throw explainReportError(error);
    } finally {
      await database.close();
    }
  },
};

/** What the server says about a report, as its user needs to hear it. */
function explainReportError(error: unknown): unknown {
  const cause = error instanceof UserError ? error.cause : error;
  const { code, message } = (cause ?? {}) as { code?: string; message?: string };
  // Only a moment that is none is a bad argument of a report.
  if (code === "MB001") return new UserError(message ?? "", { exitCode: EXIT.usage, hint: "marketbase report compliance --as-of 2026-01-01", cause });
  // No database, no role, no schema, no function, no table, no column.
  if (["3D000", "22023", "3F000", "42883", "42P01", "42703"].includes(code ?? "")) {
    return new UserError("The database has nothing to report yet: marketbase is not installed in it, or an older version is.", {
      hint: "Run marketbase start or marketbase db migrate first.",
      cause,
    });
  }
  return error;
}

export default command;

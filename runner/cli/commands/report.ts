import { pipeline } from "node:stream/promises";
import { EXIT, UserError } from "../../config/user-error.ts";
import type { Report } from "../../report/catalogue.ts";
import { closest } from "../arguments.ts";
import type { Command } from "../command.ts";

/** Flags that are parameters of reports, by the names of their psql variables. */
const parameterFlags: Readonly<Record<string, string>> = { as_of: "as-of", from: "from", to: "to", symbol: "symbol", lines: "lines" };

/** `marketbase report`: a report of db/reports, where there is no psql. */
const command: Command = {
  name: "report",
  summary: "Print a report, such as compliance, as of a moment",
  usage: "NAME [--as-of MOMENT] [--from DAY] [--to DAY] [--symbol SYMBOL] [--lines N] [-v NAME=VALUE …] [--format text|csv|json|html] [--output FILE]",
  details:
    "The reports are plain SQL for psql in db/reports. text and csv come out byte for byte as psql and psql --csv print them, and the same moment gives the same bytes for ever. html is one page with charts that needs no other file, to be read or printed.",
  examples: [
    ["marketbase report --list", "which reports there are, and what each can be asked for"],
    ["marketbase report compliance --as-of 2026-01-01", "as of the beginning of 2026, UTC"],
    ["marketbase report completeness --symbol AAPL --from 2018-01-01", "one instrument, from a session on"],
    ["marketbase report lineage --symbol AAPL -v date=2018-05-10 -v feature=qlib14.corr20", "where a value of a feature comes from"],
    ["marketbase report var_backtests --format html --output var.html", "a page with charts, into a file"],
  ],
  options: {
    "as-of": { type: "string", value: "MOMENT", description: "report what had been recorded until then; UTC unless it names a zone" },
    from: { type: "string", value: "DAY", description: "from this day on, such as 2026-01-31" },
    to: { type: "string", value: "DAY", description: "up to this day, included" },
    symbol: { type: "string", value: "SYMBOL", description: "of this instrument only" },
    lines: { type: "string", value: "N", description: "most lines of each list; 40 unless given" },
    variable: { type: "string", value: "NAME=VALUE", short: "v", multiple: true, description: "any parameter, as psql takes it" },
    format: { type: "string", value: "FORMAT", choices: ["text", "csv", "json", "html"], description: "text (as psql), csv (as psql --csv), json or html" },
    output: { type: "string", value: "FILE", short: "o", description: "write into a file, which appears when it is complete, instead of standard output" },
    list: { type: "boolean", description: "list the reports" },
  },
  arguments: { min: 0, max: 1 },
  async run({ args, config, flag, option, all, json, print }) {
    const { findReport, listReports } = await import("../../report/catalogue.ts");
    if (flag("list")) {
      const reports = listReports().map(({ name, summary, parameters }) => ({ name, summary, parameters }));
      print(reports.map(({ name, summary, parameters }) => `${name}: ${summary}\n  takes ${parameters.join(", ")}`).join("\n"), reports);
      return;
    }
    const [name] = args;
    if (name === undefined) throw new UserError("Which report?", { exitCode: EXIT.usage, hint: "marketbase report --list shows them." });
    const { formats, writeReport } = await import("../../report/write.ts");
    const { runScript } = await import("../../report/run.ts");
    const { openDatabase } = await import("../../database/open.ts");
    const { connect } = await import("../../database/connect.ts");
    const { writeNewFile } = await import("../../export/new-file.ts");
    const report = findReport(name);
    const given = parametersOf(report, option, all("variable"));
    const format = formats.find((candidate) => candidate === option("format")) ?? (json ? "json" : "text");
    const output = option("output");

    // A report reads: it neither migrates nor creates anything.
    const database = await openDatabase(config, { what: `marketbase report ${report.name}`, migrate: false });
    try {
      const client = await connect(database.urlFor("auditor"), `marketbase report ${report.name}`);
      try {
        const pieces = writeReport(runScript(client, report.steps, given), format, report.name);
        if (output === undefined) await pipeline(pieces, process.stdout, { end: false });
        else await writeNewFile(output, true, async (file) => {
          for await (const piece of pieces) await file.writeFile(piece);
        });
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

/** What the report is asked for; what it does not take is refused before a database is opened. */
function parametersOf(report: Report, option: (name: string) => string | undefined, variables: readonly string[]): Record<string, string> {
  const given: [string, string][] = Object.entries(parameterFlags).flatMap(([name, flag]) => {
    const value = option(flag);
    return value === undefined ? [] : [[name, value]];
  });
  for (const variable of variables) {
    const [, name, value] = /^(\w+)=([^]*)$/.exec(variable) ?? [];
    if (name === undefined || value === undefined) {
      throw new UserError(`-v ${variable} is not NAME=VALUE.`, { exitCode: EXIT.usage, hint: "Such as -v symbol=AAPL." });
    }
    given.push([name, value]);
  }
  const takes = `marketbase report ${report.name} takes ${report.parameters.join(", ")}.`;
  for (const [name] of given) {
    if (report.parameters.includes(name)) continue;
    if (name === "as_of") {
      throw new UserError(`The report ${report.name} says what is so now and cannot look back: leave as_of out.`, { exitCode: EXIT.usage, hint: takes });
    }
    const near = closest(name, report.parameters);
    throw new UserError(`The report ${report.name} takes no ${name}.`, { exitCode: EXIT.usage, hint: near === undefined ? takes : `Did you mean ${near}? ${takes}` });
  }
  return Object.fromEntries(given);
}

/** What the server says about a report, as its user needs to hear it. */
function explainReportError(error: unknown): unknown {
  const cause = error instanceof UserError ? error.cause : error;
  const { code, message, hint } = (cause ?? {}) as { code?: string; message?: string; hint?: string };
  // A report that reads can only be asked for what does not exist or cannot be.
  if (["MB001", "MB002", "MB003"].includes(code ?? "")) {
    return new UserError(message ?? "", { exitCode: EXIT.usage, hint: hint ?? "marketbase report --list says what each report can be asked for.", cause });
  }
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

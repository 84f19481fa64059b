import { EXIT, UserError } from "../../config/user-error.ts";
import type { Format } from "../../export/export.ts";
import type { Command } from "../command.ts";

/** `marketbase export`: a feature set or a training set as a file. */
const command: Command = {
  name: "export",
  summary: "Write a feature set or a training set to a file",
  usage: "SET --out FILE [--format csv|binary|parquet] [--symbols A,B] [--as-of MOMENT] [--version V] | training-set ID --out FILE [--format …]",
  details:
    "A column for each feature, a row for each bar, read in one snapshot and streamed. binary is the format of COPY … (format binary). The file appears under its\n" +
    "name when it is complete; one that is there is replaced only with --force.",
  examples: [
    ["marketbase export qlib14 --out qlib14.parquet", "all of a set, as Parquet"],
    ["marketbase export qlib14 --symbols AAPL,MSFT --as-of 2026-01-01 --out then.csv", "two symbols, as it was known then"],
    ["marketbase export training-set 3 --out train.parquet", "the rows of a training set"],
  ],
  options: {
    out: { type: "string", value: "FILE", short: "o", description: "the file to write" },
    format: { type: "string", value: "FORMAT", choices: ["csv", "binary", "parquet"], description: "csv, binary or parquet; else what the name of the file ends in" },
    symbols: { type: "string", value: "A,B", description: "only these symbols; may be given several times", multiple: true },
    "as-of": { type: "string", value: "MOMENT", description: "the values as they were known then; UTC unless it names a zone" },
    version: { type: "string", value: "V", description: "version of the set; the one in force unless given" },
    force: { type: "boolean", description: "replace a file that is there" },
  },
  arguments: { min: 1, max: 2 },
  async run({ args: [subject = "", id], config, progress, signal, flag, option, all, print }) {
    const path = option("out");
    if (path === undefined) throw new UserError("Which file?", { exitCode: EXIT.usage, hint: "Name it with --out FILE." });
    const format = (option("format") ?? /\.(csv|parquet)$/.exec(path)?.[1] ?? (path.endsWith(".bin") ? "binary" : undefined)) as Format | undefined;
    if (format === undefined) throw new UserError(`The name ${path} does not say which format.`, { exitCode: EXIT.usage, hint: "Add --format csv, binary or parquet." });
    const symbols = all("symbols").flatMap((list) => list.split(",")).map((symbol) => symbol.trim().toUpperCase()).filter((symbol) => symbol !== "");
    const asOf = option("as-of");
    const version = option("version");
    const isTrainingSet = subject === "training-set";
    if (isTrainingSet && !/^\d{1,18}$/.test(id ?? "")) {
      throw new UserError("Which training set?", { exitCode: EXIT.usage, hint: "Give its number: marketbase export training-set 3 --out train.parquet. ml.training_set lists them." });
    }
    if (isTrainingSet && (symbols.length > 0 || asOf !== undefined || version !== undefined)) {
      throw new UserError("A training set is exported as it is.", { exitCode: EXIT.usage, hint: "--symbols, --as-of and --version go with a feature set." });
    }
    if (!isTrainingSet && id !== undefined) throw new UserError(`One set at a time, not also ${id}.`, { exitCode: EXIT.usage });

    const { exportRows } = await import("../../export/export.ts");
    const { openDatabase } = await import("../../database/open.ts");
    // It reads: it neither migrates nor creates anything.
    const database = await openDatabase(config, { what: "marketbase export", migrate: false });
    try {
      const rows = await progress.run(
        `export ${isTrainingSet ? `training set ${id ?? ""}` : subject}`,
        (step) =>
          exportRows({
            url: database.urlFor(isTrainingSet ? "analyst" : "reader"),
            query: isTrainingSet
              ? { sql: "select ml.export_query($1)", values: [id] }
              : {
                  sql: "select feature.export_query($1, $2, $3, $4)",
                  values: [subject, symbols.length === 0 ? null : symbols, asOf ?? null, version ?? null],
                },
            format,
            path,
            replace: flag("force"),
            signal,
            onTotal: step.total,
            onRows: step.advance,
          }),
        (written) => `${written} rows`,
      );
      print(`${path}: ${rows} rows`, { file: path, format, rows });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === "22007" || code === "22008") throw new UserError(`--as-of: ${message}.`, { exitCode: EXIT.usage, hint: "Write the moment as 2026-01-01 or 2026-01-01T16:00:00Z.", cause: error });
      throw error;
    } finally {
      await database.close();
    }
  },
};

export default command;

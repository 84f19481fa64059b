import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { closest } from "../cli/arguments.ts";
import { repositoryRoot } from "../config/config.ts";
import { EXIT, UserError } from "../config/user-error.ts";
import { parseScript, type Step } from "./script.ts";

/** A report of `db/reports`. */
export interface Report {
  readonly name: string;
  /** The first line of its file. */
  readonly summary: string;
  /** What it can be asked for, by the names of its psql variables: the variable `takes` that it sets. */
  readonly parameters: readonly string[];
  readonly steps: readonly Step[];
}

/** Every report, by name. */
export function listReports(folder: string = join(repositoryRoot, "db/reports")): Report[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      const steps = parseScript(text, `db/reports/${file}`, (path) => readFileSync(join(folder, path), "utf8"));
      const parameters = steps.flatMap((step) => (step.kind === "set" && step.name === "takes" ? step.words.replaceAll("'", "").split(" ") : []));
      return { name: file.slice(0, -".sql".length), summary: /^-- (.*)/.exec(text)?.[1] ?? "", parameters, steps };
    });
}

/** The report of a name, or an error that names the nearest one. */
export function findReport(name: string, reports: readonly Report[] = listReports()): Report {
  const report = reports.find((candidate) => candidate.name === name);
  if (report !== undefined) return report;
  const near = closest(name, reports.map((candidate) => candidate.name));
  throw new UserError(`There is no report ${name}.`, {
    exitCode: EXIT.usage,
    hint: near === undefined ? "marketbase report --list shows them." : `Did you mean ${near}? marketbase report --list shows them.`,
  });
}

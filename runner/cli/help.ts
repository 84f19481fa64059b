import type { Command, OptionSpec } from "./command.ts";
import { commonOptions } from "./arguments.ts";

/** The help of one command. */
export function commandHelp(command: Command): string {
  const options = Object.entries({ ...command.options, ...commonOptions }).map(([name, spec]) => [flagText(name, spec), describe(spec)] as const);
  return [
    command.summary,
    "",
    `Usage: marketbase ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}`,
    ...(command.details === undefined ? [] : ["", command.details]),
    "",
    "Flags:",
    ...aligned(options),
    "",
    "Examples:",
    ...aligned(command.examples),
  ].join("\n");
}

/** The list of commands. */
export function generalHelp(all: readonly Command[], version: string): string {
  return [
    `marketbase ${version}: market data is validated, becomes features, trains models and explains itself, in one PostgreSQL.`,
    "",
    "Usage: marketbase COMMAND [flags]",
    "",
    "Commands:",
    ...aligned(all.map(({ name, summary }) => [name, summary] as const)),
    "",
    "marketbase COMMAND --help explains a command. Exit status: 0 ok, 1 failed, 2 wrong usage, 3 findings, 70 internal error, 75 try again.",
    "Data goes to standard output, progress to standard error. Settings come from the environment: DATABASE_URL, REDIS_URL, MARKETBASE_HOME,",
    "MARKETBASE_PORT, MARKETBASE_AUDIT_HEADS, GRAPHILE_ENV, MARKETBASE_DEBUG.",
  ].join("\n");
}

function flagText(name: string, spec: OptionSpec): string {
  const value = spec.type === "string" ? ` ${spec.value ?? "VALUE"}` : "";
  return `${spec.short === undefined ? "" : `-${spec.short}, `}--${name}${value}`;
}

function describe(spec: OptionSpec): string {
  return spec.choices === undefined ? spec.description : `${spec.description}: ${spec.choices.join(", ")}`;
}

function aligned(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}

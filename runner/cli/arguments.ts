import { parseArgs } from "node:util";
import { EXIT, UserError } from "../config/user-error.ts";
import type { Command, OptionSpec } from "./command.ts";

/** Flags that every command takes. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { type: "boolean", description: "write the result as JSON" },
  help: { type: "boolean", short: "h", description: "show this help" },
};

/** The command line of a command, checked. */
export interface ParsedArguments {
  readonly args: string[];
  readonly values: ReadonlyMap<string, readonly (string | true)[]>;
}

/** Reads flags and arguments; what does not fit is one sentence, with the nearest flag that does, and exit status 2. */
export function parseCommandLine(command: Command, argv: readonly string[]): ParsedArguments {
  const specs = { ...command.options, ...commonOptions };
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(specs).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const args: string[] = [];
  const values = new Map<string, (string | true)[]>();
  for (const token of tokens) {
    if (token.kind === "positional") args.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs[token.name];
    if (spec === undefined) {
      const near = closest(token.name, Object.keys(specs));
      throw usageError(command, `${command.name} has no flag ${token.rawName}.`, near === undefined ? undefined : `Did you mean --${near}?`);
    }
    if (spec.type === "boolean" && token.value !== undefined) throw usageError(command, `The flag --${token.name} takes no value.`);
    if (spec.type === "string" && (token.value === undefined || token.value === "")) {
      throw usageError(command, `The flag --${token.name} needs a value${spec.choices === undefined ? "" : `: ${spec.choices.join(", ")}`}.`);
    }
    if (spec.choices !== undefined && token.value !== undefined && !spec.choices.includes(token.value)) {
      const near = closest(token.value, spec.choices);
      throw usageError(command, `--${token.name} is one of ${spec.choices.join(", ")}, not ${token.value}.`, near === undefined ? undefined : `Did you mean ${near}?`);
    }
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? true]);
  }
  if (values.has("help")) return { args, values };
  const { min, max } = command.arguments ?? { min: 0, max: 0 };
  if (args.length < min) throw usageError(command, `${command.name} needs ${min === max ? "" : "at least "}${min} argument${min === 1 ? "" : "s"}.`);
  if (args.length > max) throw usageError(command, max === 0 ? `${command.name} takes no argument, but ${args[0]} was given.` : `${command.name} takes at most ${max} argument${max === 1 ? "" : "s"}.`);
  return { args, values };
}

/** The known word that a mistyped one most probably meant, if any is near. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: candidate.startsWith(word) && word.length >= 2 ? 0 : editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** An error of usage, with the usage as its hint. */
export function usageError(command: Command, message: string, near?: string): UserError {
  return new UserError(message, { exitCode: EXIT.usage, hint: `${near === undefined ? "" : `${near} `}Usage: marketbase ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}` });
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

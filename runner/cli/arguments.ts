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

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)));
  const at = (i: number, j: number) => d[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      (d[i] ?? [])[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped);
    }
  }
  return at(a.length, b.length);
}

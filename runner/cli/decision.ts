import { EXIT, UserError } from "../config/user-error.ts";
import type { CommandContext, OptionSpec } from "./command.ts";

/** The flags of a command that records what somebody decided. */
export const decisionOptions = {
  by: { type: "string", value: "NAME", description: "who decided" },
  reason: { type: "string", value: "TEXT", description: "why" },
} satisfies Record<string, OptionSpec>;

/** Who decided and why; both have to be said. */
export function decision({ option }: CommandContext): { by: string; reason: string } {
  const [by, reason] = [option("by"), option("reason")];
  if (by === undefined || reason === undefined) {
    throw new UserError("A decision is taken by somebody, for a reason.", { exitCode: EXIT.usage, hint: "Give --by and --reason." });
  }
  return { by, reason };
}

/** Checks that a flag holds a day or a moment that SQL understands; it is read in UTC. */
export function moment(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$/.test(text) || !isMoment(text)) {
    throw new UserError(`${flag} takes a day or a moment such as 2026-12-31 or 2026-12-31T18:00Z, not ${text}.`, { exitCode: EXIT.usage });
  }
  return /[T ]/.test(text) && !/(Z|[+-]\d{2}(:?\d{2})?)$/.test(text) ? `${text}Z` : /[T ]/.test(text) ? text : `${text}T00:00Z`;
}

function isMoment(text: string): boolean {
  const day = text.slice(0, 10);
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

/** The number that names an incident. */
export function incidentId([id = ""]: readonly string[]): string {
  if (!/^\d{1,18}$/.test(id)) throw new UserError(`${id} is not the number of an incident.`, { exitCode: EXIT.usage, hint: "marketbase incidents list shows them." });
  return id;
}

/** Whole numbers that name findings. */
export function findingIds(args: readonly string[]): string[] {
  const wrong = args.find((arg) => !/^\d{1,18}$/.test(arg));
  if (wrong !== undefined) throw new UserError(`${wrong} is not the number of a finding.`, { exitCode: EXIT.usage, hint: "marketbase findings list shows them." });
  return [...new Set(args)];
}

import { readFileSync } from "node:fs";
import { z } from "zod";
import { EXIT, UserError } from "../config/user-error.ts";
import type { CommandContext, OptionSpec } from "../cli/command.ts";

const definitionSchema = z
  .strictObject({
    rule: z.string(),
    dataset: z.string(),
    expectation: z.string().optional(),
    expression: z.string().optional(),
    parameters: z.record(z.string(), z.json()).default({}),
    severity: z.enum(["critical", "error", "warning", "info"]).default("error"),
    family: z.string().default("custom"),
    description: z.string().optional(),
    remedy: z.string().optional(),
  })
  .refine(({ expectation, expression }) => (expectation === undefined) !== (expression === undefined), "give either expectation or expression");

/** A rule by parameters or by a condition, as `quality.define_rule` takes it. */
export type RuleDefinition = z.infer<typeof definitionSchema>;

/** The options by which a rule is written on the command line. */
export const definitionOptions: Readonly<Record<string, OptionSpec>> = {
  dataset: { type: "string", value: "TABLE", description: "table or view that the rule looks at" },
  expectation: { type: "string", value: "NAME", description: "what is expected; rules list --expectations has them" },
  expression: { type: "string", value: "SQL", description: "a condition on the columns of a row, instead of an expectation" },
  parameters: { type: "string", value: "JSON", description: "parameters of the expectation" },
  severity: { type: "string", value: "WORD", choices: ["critical", "error", "warning", "info"], description: "how bad a failure is (default: error)" },
  family: { type: "string", value: "WORD", description: "where the rule belongs (default: custom)" },
  description: { type: "string", value: "TEXT", description: "what it means when the rule fails" },
  remedy: { type: "string", value: "TEXT", description: "what to do then" },
};

/** Whether an argument of a command names a file of definitions and not a rule. */
export function isDefinitionFile(argument: string): boolean {
  return argument === "-" || argument.endsWith(".json");
}

/** Reads the definitions of a JSON file (an object or a list of them; `-` is standard input). */
export function readDefinitionFile(path: string): RuleDefinition[] {
  const where = path === "-" ? "standard input" : path;
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path === "-" ? 0 : path, "utf8"));
  } catch (cause) {
    throw new UserError(`${where} cannot be read as JSON: ${(cause as Error).message}`, { exitCode: EXIT.usage, cause });
  }
  return (Array.isArray(data) ? data : [data]).map((one: unknown, i) => parse(one, Array.isArray(data) ? `${where}, rule ${i + 1}` : where));
}

/** Puts a definition together from the options of a command. */
export function definitionOfOptions(rule: string, { option }: Pick<CommandContext, "option">): RuleDefinition {
  const text = option("parameters") ?? "{}";
  let parameters: unknown;
  try {
    parameters = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`--parameters is not JSON: ${text.slice(0, 80)}`, { exitCode: EXIT.usage, hint: `Write it as '{"column": "close", "min": 0.01}'.`, cause });
  }
  const named = ["dataset", "expectation", "expression", "severity", "family", "description", "remedy"] as const;
  return parse({ rule, parameters, ...Object.fromEntries(named.flatMap((name) => (option(name) === undefined ? [] : [[name, option(name)]]))) }, "the options");
}

function parse(data: unknown, where: string): RuleDefinition {
  const parsed = definitionSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")}${path.length === 0 ? "" : ": "}${message}`).join("; ");
  throw new UserError(`${where}: this is not a rule: ${wrong}.`, { exitCode: EXIT.usage, hint: "marketbase rules define --help shows one." });
}

import { EXIT, UserError } from "../../config/user-error.ts";
import { definitionOfOptions, definitionOptions, isDefinitionFile, readDefinitionFile, type RuleDefinition } from "../../rules/definition.ts";
import type { Command } from "../command.ts";

/** `marketbase rules test`: what a rule would find, with nothing written. */
const command: Command = {
  name: "rules test",
  summary: "Show what rules would find, and write nothing",
  usage: "FILE.json | RULE [--dataset TABLE (--expectation NAME --parameters JSON | --expression SQL)] [--symbol SYMBOL] [--from DATE]",
  details: "RULE alone is an expectation or condition in force; with --dataset a rule that is not defined yet. Exit status 3 when a rule would fail.",
  examples: [
    ["marketbase rules test rules.json --symbol AAPL", "the rules of a file, on one instrument"],
    [`marketbase rules test band --dataset price_data --expression 'close between low and high'`, "a condition"],
    ["marketbase rules test close_band --from 2024-01-01 --json", "a rule in force, on what is new"],
  ],
  arguments: { min: 1, max: 1 },
  options: {
    ...definitionOptions,
    symbol: { type: "string", value: "SYMBOL", multiple: true, description: "only this instrument (again for more)" },
    from: { type: "string", value: "DATE", description: "only from this day on, where a rule judges row by row" },
    findings: { type: "string", value: "N", description: "how many findings to show of each instrument (default: 3)" },
  },
  async run(context) {
    const [argument = ""] = context.args;
    const findings = Number(context.option("findings") ?? 3);
    if (!Number.isInteger(findings) || findings < 0 || findings > 1000) throw new UserError("--findings is not a number from 0 to 1000.", { exitCode: EXIT.usage });
    const from = context.option("from");
    if (from !== undefined && !(/^\d{4}-\d\d-\d\d$/.test(from) && new Date(`${from}T00:00:00Z`).toJSON()?.startsWith(from))) {
      throw new UserError(`--from: "${from.slice(0, 40)}" is not a date.`, { exitCode: EXIT.usage, hint: "Write it as 2024-12-31." });
    }
    const given = isDefinitionFile(argument) ? readDefinitionFile(argument) : context.option("dataset") === undefined ? undefined : [definitionOfOptions(argument, context)];
    const { rows } = await import("../../database/pool.ts");
    const { tryRule } = await import("../../rules/rules.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    return await withPool(context, "marketbase rules test", "author", 1, async (pool) => {
      const definitions = given ?? (await rows<RuleDefinition>(pool, "select rule, dataset, expectation, parameters from quality.rule_in_force where rule = $1", [argument]));
      const [first] = definitions;
      if (first === undefined) throw new UserError(`There is no rule ${JSON.stringify(argument.slice(0, 80))} in force.`, { exitCode: EXIT.usage, hint: "Say with --dataset and --expectation or --expression what it is." });
      if ((first.expectation ?? first.expression ?? null) === null) {
        throw new UserError(`${argument} is a function and not an expectation.`, { exitCode: EXIT.usage, hint: "marketbase validate applies it." });
      }
      const tried = [];
      for (const definition of definitions) {
        const verdicts = await context.progress.run(`try ${definition.rule}`, () => tryRule(pool, definition, { symbols: context.all("symbol"), findings, ...(from === undefined ? {} : { from }) }), (found) => `${found.length} verdicts`);
        tried.push({ rule: definition.rule, verdicts });
      }
      const text = tried.map(({ rule, verdicts }) => {
        const judged = verdicts.filter(({ status }) => status !== "not_applicable");
        const remarkable = judged.filter(({ status }) => status !== "passed");
        const sum = (of: (one: (typeof verdicts)[number]) => number) => count(verdicts.reduce((total, one) => total + of(one), 0));
        return [
          `${rule}: ${count(withStatus(judged, "passed"))} passed, ${count(withStatus(judged, "warned"))} warned, ${count(withStatus(judged, "failed"))} failed; ` +
            `${sum((one) => one.checked)} checked, ${sum((one) => one.failed)} not as expected, ${sum((one) => one.masked)} masked`,
          ...(remarkable.length === 0 ? [] : [table(["symbol", "status", "checked", "failed", "finding"], remarkable.flatMap((one) => (one.findings.length === 0 ? [{ message: one.message }] : one.findings).map((finding, i) =>
            i === 0 ? [one.symbol ?? "", one.status, one.checked, one.failed, finding.message] : ["", "", "", "", finding.message])))]),
        ].join("\n");
      });
      context.print(text.join("\n\n"), tried);
      return tried.some(({ verdicts }) => verdicts.some(({ status }) => status === "failed")) ? EXIT.findings : EXIT.ok;
    });
  },
};

function withStatus(verdicts: readonly { readonly status: string }[], status: string): number {
  return verdicts.filter((one) => one.status === status).length;
}

export default command;

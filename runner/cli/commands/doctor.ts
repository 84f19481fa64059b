import { EXIT } from "../../config/user-error.ts";
import { checkDatabase } from "../../doctor/database.ts";
import { checkInstallation } from "../../doctor/installation.ts";
import { checkRedis } from "../../doctor/redis.ts";
import { createReport, type Report } from "../../doctor/report.ts";
import { styleFor } from "../../output/style.ts";
import type { Command } from "../command.ts";

const command: Command = {
  name: "doctor",
  summary: "Say what runs, where, in which versions, what is wrong and what to do",
  usage: "",
  details: "Looks only: nothing is started or changed. Exit status 3 when something is wrong.",
  examples: [
    ["marketbase doctor", "look at this installation"],
    ["marketbase doctor --json", "the same for a program"],
  ],
  options: {},
  async run({ config, print }) {
    const report = createReport();
    checkInstallation(report, config);
    await checkDatabase(report, config);
    await checkRedis(report, config);
    print(render(report), { facts: report.facts, findings: report.findings });
    return report.findings.length === 0 ? EXIT.ok : EXIT.findings;
  },
};

function render({ facts, findings }: Report): string {
  const style = styleFor(process.stdout);
  const sections = [...new Set(facts.map(({ section }) => section))];
  const width = Math.max(...facts.map(({ name }) => name.length));
  const lines = sections.flatMap((section) => [
    style.bold(section),
    ...facts.filter((fact) => fact.section === section).map(({ name, value }) => `  ${name.padEnd(width)}  ${value}`),
  ]);
  const verdict =
    findings.length === 0
      ? [style.green("Nothing is wrong.")]
      : [style.red(`${findings.length} ${findings.length === 1 ? "thing is" : "things are"} wrong:`), ...findings.map(({ problem, remedy }) => `  ${problem}\n    ${style.dim(remedy)}`)];
  return [...lines, "", ...verdict].join("\n");
}

export default command;

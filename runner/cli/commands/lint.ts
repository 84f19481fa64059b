import { EXIT } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase lint`: the rules that hold the database and its files together. */
const command: Command = {
  name: "lint",
  summary: "Check the database's catalogue and the files of sql-functions against the house rules",
  usage: "[--json]",
  details:
    "Builds the database of this checkout on the test server (so nothing of yours is touched) and looks at comments, search paths, keys, indexes, grants, row-level security, " +
    "names, bodies of functions, and whether running the files of sql-functions again changes anything. Each finding is one line: object: rule: what to do. " +
    "Exit status 3 when there are findings. The rules are in runner/lint.",
  examples: [
    ["marketbase lint", "one line per finding"],
    ["marketbase lint --json", "the same for a program"],
  ],
  options: {},
  async run({ progress, print, signal }) {
    const { withCheckDatabase } = await import("../../lint/check-database.ts");
    const { lint } = await import("../../lint/lint.ts");
    const { golden, staleGoldens } = await import("../../lint/golden.ts");
    const { formatFinding } = await import("../../lint/finding.ts");
    const findings = await progress.run(
      "check the database of this checkout",
      (step) =>
        withCheckDatabase("marketbase lint", step.note, async (urlFor, client) => {
          step.note("catalogue and sources");
          const found = await lint(client);
          signal.throwIfAborted();
          step.note("golden files");
          return [...found, ...staleGoldens(await golden(urlFor("graphql"), client))];
        }),
      (found) => (found.length === 0 ? "no findings" : `${found.length} ${found.length === 1 ? "finding" : "findings"}`),
    );
    print(findings.map(formatFinding).join("\n"), findings);
    return findings.length === 0 ? EXIT.ok : EXIT.findings;
  },
};

export default command;

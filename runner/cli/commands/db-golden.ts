import { EXIT } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase db golden`: writes down what the outside sees. */
const command: Command = {
  name: "db golden",
  summary: "Write db/golden: the API and the rights of every role, as files that a change shows up in",
  usage: "[--check]",
  details: "Builds the database of this checkout on the test server. With --check nothing is written, and the exit status is 3 when a file is stale.",
  examples: [
    ["marketbase db golden", "after a change of tables, functions or grants; then read git diff db/golden"],
    ["marketbase db golden --check", "in continuous integration"],
  ],
  options: { check: { type: "boolean", description: "write nothing; exit status 3 when a file is stale" } },
  async run({ flag, progress, print }) {
    const { withCheckDatabase } = await import("../../lint/check-database.ts");
    const { golden, staleGoldens, writeGoldens } = await import("../../lint/golden.ts");
    const { formatFinding } = await import("../../lint/finding.ts");
    const files = await progress.run("describe the database of this checkout", (step) =>
      withCheckDatabase("marketbase db golden", step.note, (urlFor, client) => golden(urlFor("graphql"), client)),
    );
    if (flag("check")) {
      const stale = staleGoldens(files);
      print(stale.map(formatFinding).join("\n"), stale);
      return stale.length === 0 ? EXIT.ok : EXIT.findings;
    }
    const written = writeGoldens(files);
    print(written.length === 0 ? "Everything was up to date." : written.join("\n"), { written });
    return EXIT.ok;
  },
};

export default command;

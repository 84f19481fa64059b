import { uncommitLast } from "../../database/commit.ts";
import { repositoryLayout } from "../../database/layout.ts";
import { openDatabase } from "../../database/open.ts";
import type { Command } from "../command.ts";
import { requireEmbedded } from "../embedded-only.ts";

const command: Command = {
  name: "db uncommit",
  summary: "Turn the last committed migration back into the current one",
  usage: "",
  details: "Only before anybody else has applied it. The database keeps its objects; marketbase db reset --yes makes it anew.",
  examples: [["marketbase db uncommit", "take back what db commit did last"]],
  options: {},
  async run({ config, progress, print }) {
    requireEmbedded(config, "db uncommit");
    const database = await openDatabase({ ...config, environment: "production" }, { what: "db uncommit" });
    try {
      const file = await progress.run("uncommit", () => uncommitLast(database.urlFor, repositoryLayout));
      print(file === undefined ? "There is nothing to uncommit" : `db/migrations/committed/${file} is the current migration again`, { file: file ?? null });
    } finally {
      await database.close();
    }
  },
};

export default command;

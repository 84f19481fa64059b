import { includeFunctions, openDatabase } from "../../database/open.ts";
import { functionChanges } from "../../database/include.ts";
import { FUNCTIONS_FILE, repositoryLayout } from "../../database/layout.ts";
import type { Command } from "../command.ts";

const command: Command = {
  name: "db include",
  summary: "List the changed files of sql-functions in the current migration, in an order that works",
  usage: "",
  details: `Builds a scratch database and tries the changed files in turn until each has what it needs, then writes db/migrations/current/${FUNCTIONS_FILE}.\nTests, db migrate and db commit do it by themselves.`,
  examples: [["marketbase db include", "after editing files of sql-functions"]],
  options: {},
  async run({ config, progress, print }) {
    const database = await openDatabase(config, { what: "db include", migrate: false });
    try {
      const order = await progress.run("find the order", () => includeFunctions(database.urlFor, repositoryLayout), (files) => `${files.length} files`);
      const { removed } = functionChanges(repositoryLayout);
      for (const path of removed) progress.info(`sql-functions/${path} is gone, but the committed migrations make it: drop the object in a current migration`);
      print(order.length === 0 ? "No file of sql-functions has changed since the last committed migration" : order.join("\n"), { order, removed });
    } finally {
      await database.close();
    }
  },
};

export default command;

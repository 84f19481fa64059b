import { EXIT, UserError } from "../../config/user-error.ts";
import { commitCurrent } from "../../database/commit.ts";
import { repositoryLayout } from "../../database/layout.ts";
import { openDatabase } from "../../database/open.ts";
import type { Command } from "../command.ts";
import { requireEmbedded } from "../embedded-only.ts";

const command: Command = {
  name: "db commit",
  summary: "Commit the current migration, with the changed functions",
  usage: "--message TEXT",
  details: "Tries the whole chain on an empty shadow database first. A committed migration is never edited; it is hash-chained to the one before.",
  examples: [['marketbase db commit --message "quarantine"', "make db/migrations/committed/00000N-quarantine.sql"]],
  options: { message: { type: "string", value: "TEXT", short: "m", description: "what the migration does, in a few words" } },
  async run({ config, option, progress, print }) {
    requireEmbedded(config, "db commit");
    const message = option("message");
    if (message === undefined) throw new UserError("db commit needs a message.", { exitCode: EXIT.usage, hint: 'marketbase db commit --message "what it does"' });
    const database = await progress.run("database", (step) => openDatabase({ ...config, environment: "production" }, { what: "db commit", onProgress: step.note }));
    try {
      const file = await progress.run("try and commit", () => commitCurrent(database.urlFor, repositoryLayout, message));
      print(file === undefined ? "There is nothing to commit" : `Committed db/migrations/committed/${file}`, { file: file ?? null });
    } finally {
      await database.close();
    }
  },
};

export default command;

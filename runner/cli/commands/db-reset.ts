import pg from "pg";
import { EXIT, UserError } from "../../config/user-error.ts";
import { withConnection } from "../../database/connect.ts";
import { DATABASE, openDatabase } from "../../database/open.ts";
import type { Command } from "../command.ts";
import { requireEmbedded } from "../embedded-only.ts";

const command: Command = {
  name: "db reset",
  summary: "Delete the embedded database and make it anew",
  usage: "--yes",
  details: "Everything in it is lost: data, runs, models, lineage. Refused for a server behind DATABASE_URL.",
  examples: [["marketbase db reset --yes", "begin again with an empty database"]],
  options: { yes: { type: "boolean", description: "yes, delete everything" } },
  async run({ config, flag, progress, print }) {
    requireEmbedded(config, "db reset");
    if (!flag("yes")) {
      throw new UserError("db reset deletes everything in the database.", { exitCode: EXIT.usage, hint: "If that is what you want: marketbase db reset --yes" });
    }
    const before = await progress.run("delete the database", async (step) => {
      const opened = await openDatabase(config, { what: "db reset", migrate: false, onProgress: step.note });
      await withConnection(opened.urlFor("admin", "postgres"), (admin) => admin.query(`drop database if exists ${pg.escapeIdentifier(DATABASE)} with (force)`));
      return opened;
    });
    try {
      const made = await progress.run("make it anew", (step) => openDatabase(config, { what: "db reset", onProgress: step.note }));
      await made.close();
      print("The database is new and empty", { applied: made.applied });
    } finally {
      await before.close();
    }
  },
};

export default command;

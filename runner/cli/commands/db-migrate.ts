import { openDatabase } from "../../database/open.ts";
import type { Command } from "../command.ts";

const command: Command = {
  name: "db migrate",
  summary: "Prepare the roles and apply the migrations that are missing",
  usage: "",
  details:
    "Committed migrations only where GRAPHILE_ENV is production; in development also the current one, with the functions that have changed.\nSeveral at once are safe: they wait for each other. A migration that fails leaves nothing behind.",
  examples: [
    ["marketbase db migrate", "bring the embedded database up to date"],
    ["DATABASE_URL=postgres://… GRAPHILE_ENV=production marketbase db migrate", "bring a server of yours up to date"],
  ],
  options: {},
  async run({ config, progress, print }) {
    const database = await progress.run("database", (step) => openDatabase(config, { what: "db migrate", onProgress: step.note }));
    const { applied } = database;
    await database.close();
    print(applied.length === 0 ? "The database is up to date" : `Applied ${applied.join(", ")}`, { applied });
  },
};

export default command;

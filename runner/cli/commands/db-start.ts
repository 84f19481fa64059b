import { openDatabase } from "../../database/open.ts";
import type { Command } from "../command.ts";
import { requireEmbedded } from "../embedded-only.ts";

const command: Command = {
  name: "db start",
  summary: "Start the embedded PostgreSQL and leave it running",
  usage: "",
  details: "Prepares the roles and applies the migrations. A server that runs already is adopted. marketbase db stop stops it.",
  examples: [
    ["marketbase db start", "start the server in the background"],
    ['psql "$(npx marketbase db url)"', "then look around"],
  ],
  options: {},
  async run({ config, progress, print }) {
    requireEmbedded(config, "db start");
    const database = await progress.run("database", (step) => openDatabase(config, { what: "db start", keepRunning: true, onProgress: step.note }));
    const { server, applied } = database;
    await database.close();
    print(
      `PostgreSQL ${server?.adopted === true ? "runs already" : "runs"} on 127.0.0.1:${server?.port} (process ${server?.pid}), data in ${server?.folder}`,
      { host: server?.host, port: server?.port, pid: server?.pid, folder: server?.folder, adopted: server?.adopted, applied },
    );
  },
};

export default command;

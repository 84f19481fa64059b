import { openDatabase } from "../../database/open.ts";
import type { Purpose } from "../../database/connections.ts";
import type { Command } from "../command.ts";

const roles: Readonly<Record<string, Purpose>> = {
  reader: "reader",
  analyst: "analyst",
  auditor: "auditor",
  author: "author",
  worker: "worker",
  migrator: "migrator",
  authenticator: "graphql",
  admin: "admin",
};

const command: Command = {
  name: "db url",
  summary: "Print a connection URL, for psql and other clients",
  usage: "[--role NAME]",
  details: "Starts the embedded PostgreSQL if it does not run (and leaves it running), and applies the migrations. Standard output is the URL alone.",
  examples: [
    ['psql "$(npx marketbase db url)"', "read and analyse"],
    ['psql "$(npx marketbase db url --role migrator)"', "act as the owner of everything"],
    ["marketbase db url --role auditor", "for a tool of the compliance department"],
  ],
  options: { role: { type: "string", value: "NAME", choices: Object.keys(roles), description: "whose rights the connection has (default analyst)" } },
  async run({ config, option, progress, print }) {
    const role = option("role") ?? "analyst";
    const database = await progress.run("database", (step) => openDatabase(config, { what: "db url", keepRunning: true, onProgress: step.note }));
    const url = database.urlFor(roles[role] ?? "analyst");
    await database.close();
    print(url, { url, role });
  },
};

export default command;

import type { Command } from "../command.ts";

/** `marketbase start`: the whole flow, then GraphQL until it is stopped. */
const command: Command = {
  name: "start",
  summary: "Run the whole flow over the sample universe, then serve GraphQL until Ctrl-C",
  usage: "[--port N]",
  details:
    "Boots the embedded PostgreSQL (or uses DATABASE_URL), migrates, fetches, normalises, validates, computes features, trains, predicts, and prints what came of it.\n" +
    "What is there already stays as it is: a second start changes nothing, and a changed bar recomputes only what depends on it.",
  examples: [
    ["marketbase start", "everything, with GraphQL on http://127.0.0.1:5678"],
    ["marketbase start --port 8080", "the same on another port"],
    ["DATABASE_URL=postgres://me:secret@db/market marketbase start", "on a PostgreSQL of your own"],
  ],
  options: { port: { type: "string", value: "N", description: "port of the GraphQL server on 127.0.0.1 (default MARKETBASE_PORT, PORT or 5678)" } },
  async run(context) {
    const { runDemonstration } = await import("../../flow/session.ts");
    return await runDemonstration(context, { serve: true, port: context.option("port") });
  },
};

export default command;

import { once } from "node:events";
import type { Command } from "../command.ts";

/** `marketbase serve`: GraphQL alone, until it is stopped. */
const command: Command = {
  name: "serve",
  summary: "Serve GraphQL and its explorer until Ctrl-C",
  usage: "[--port N] [--no-migrate]",
  details: "Starts the embedded PostgreSQL if it does not run, or uses DATABASE_URL. The explorer is at /, the API at /graphql, the newest features at /features/<set>?symbols=AAPL (from memory, with REDIS_URL from Redis), and /health says whether the database answers.",
  examples: [
    ["marketbase serve", "GraphQL on http://127.0.0.1:5678"],
    ["marketbase serve --port 8080", "the same on another port"],
  ],
  options: {
    port: { type: "string", value: "N", description: "port (default MARKETBASE_PORT, PORT or 5678; 0 takes a free one)" },
    "no-migrate": { type: "boolean", description: "leave roles and migrations to others; DATABASE_URL may be that of marketbase_authenticator" },
  },
  async run({ config, flag, option, progress, print, signal }) {
    const { openDatabase } = await import("../../database/open.ts");
    const { startGraphqlServer } = await import("../../graphql/server.ts");
    const database = await progress.run("open the database", (step) =>
      openDatabase(config, { what: "marketbase serve", migrate: !flag("no-migrate"), onProgress: (message) => step.note(message) }),
    );
    try {
      const server = await progress.run(
        "read the schema",
        () => startGraphqlServer({ urlFor: database.urlFor, config, port: option("port"), onMessage: (message) => progress.info(message) }),
        ({ url }) => url,
      );
      try {
        print(`GraphQL and its explorer: ${server.url} (Ctrl-C stops it)`, { graphql: server.url });
        if (!signal.aborted) await once(signal, "abort");
      } finally {
        await server.close();
      }
    } finally {
      await database.close();
    }
  },
};

export default command;

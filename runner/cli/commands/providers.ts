import type { Command } from "../command.ts";

/** `marketbase providers`: whom it can ask. */
const command: Command = {
  name: "providers",
  summary: "List the providers: what they have, limits, keys, health",
  usage: "",
  details:
    "A key is shown as present or missing, never its value. Health is well, failing (the latest thing that happened was an error) or never asked.\n" +
    "Where two providers give the same bar, the one with the lower priority number is current; market.price_statement has what each said.",
  examples: [
    ["marketbase providers", "the table"],
    ["marketbase providers --json", "the same with every detail, for programs"],
  ],
  options: {},
  async run({ config, progress, print }) {
    const { listProviders, providersTable } = await import("../../providers/list.ts");
    const { openDatabase } = await import("../../database/open.ts");
    const { createPool } = await import("../../database/pool.ts");
    const database = await progress.run("open the database", (step) => openDatabase(config, { what: "marketbase providers", onProgress: (message) => step.note(message) }));
    const pool = createPool(database.urlFor("reader"), { name: "marketbase providers", max: 1 });
    try {
      const listed = await listProviders(pool, process.env);
      print(providersTable(listed), { providers: listed });
    } finally {
      await pool.end();
      await database.close();
    }
  },
};

export default command;

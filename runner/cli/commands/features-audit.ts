import type { Command } from "../command.ts";

/** `marketbase features audit`: compares Redis with the database. */
const command: Command = {
  name: "features audit",
  summary: "Compare a sample of the features in Redis with the database, bit for bit",
  usage: "[--sample N]",
  details: "The outcome is stored as results of the rule online_equals_offline; what differs is published again by the worker. A worker audits by itself every hour.",
  examples: [
    ["marketbase features audit", "a thousand values; status 3 where one differs"],
    ["marketbase features audit --sample 100000", "all there are, if they are fewer"],
  ],
  options: { sample: { type: "string", value: "N", description: "values to compare, 1 to 1000000 (default 1000)" } },
  async run(context) {
    const { EXIT, UserError } = await import("../../config/user-error.ts");
    const { redisUrl } = context.config;
    const text = context.option("sample") ?? "1000";
    const sample = Number(text);
    if (!Number.isInteger(sample) || sample < 1 || sample > 1_000_000) {
      throw new UserError(`--sample must be a whole number from 1 to 1000000, not "${text}".`, { exitCode: EXIT.usage });
    }
    if (redisUrl === undefined) throw new UserError("There is no Redis to audit: REDIS_URL is not set.", { exitCode: EXIT.usage, hint: "Set it to redis://host:6379/0." });
    const { openDatabase } = await import("../../database/open.ts");
    const { createPool } = await import("../../database/pool.ts");
    const { auditOnline } = await import("../../online/audit.ts");
    const database = await openDatabase(context.config, { what: "marketbase features audit" });
    const pool = createPool(database.urlFor("worker"), { name: `marketbase features audit ${process.pid}`, max: 2 });
    try {
      const audit = await context.progress.run("compare Redis with the database", () => auditOnline(pool, redisUrl, sample), (found) => `${found?.compared ?? 0} vectors`);
      if (audit === undefined) throw new UserError("Another audit is under way.", { exitCode: EXIT.tryAgain, hint: "Try again when it is done." });
      const lines = audit.differing.map(({ message }) => `  ${message}`);
      context.print(
        [`run ${audit.runId}: ${audit.compared} of ${audit.read} vectors compared, ${audit.differing.length} differ, ${audit.missing} missing in Redis`, ...lines].join("\n"),
        audit,
      );
      return audit.differing.length > 0 ? EXIT.findings : EXIT.ok;
    } finally {
      await pool.end();
      await database.close();
    }
  },
};

export default command;

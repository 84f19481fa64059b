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
    const { positiveInteger } = await import("../positive-integer.ts");
    const { withPool } = await import("../with-pool.ts");
    const { redisUrl } = context.config;
    const sample = positiveInteger("--sample", context.option("sample") ?? "1000", 1_000_000);
    if (redisUrl === undefined) throw new UserError("There is no Redis to audit: REDIS_URL is not set.", { exitCode: EXIT.usage, hint: "Set it to redis://host:6379/0." });
    const { auditOnline } = await import("../../online/audit.ts");
    return await withPool(context, "marketbase features audit", "worker", 2, async (pool) => {
      const audit = await context.progress.run("compare Redis with the database", () => auditOnline(pool, redisUrl, sample), (found) => `${found?.compared ?? 0} vectors`);
      if (audit === undefined) throw new UserError("Another audit is under way.", { exitCode: EXIT.tryAgain, hint: "Try again when it is done." });
      const lines = audit.differing.map(({ message }) => `  ${message}`);
      context.print(
        [`run ${audit.runId}: ${audit.compared} of ${audit.read} vectors compared, ${audit.differing.length} differ, ${audit.missing} missing in Redis`, ...lines].join("\n"),
        audit,
      );
      return audit.differing.length > 0 ? EXIT.findings : EXIT.ok;
    });
  },
};

export default command;

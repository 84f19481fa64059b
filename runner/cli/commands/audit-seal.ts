import type { Command } from "../command.ts";

/** `marketbase audit seal`: the next blocks of the audit chain. */
const command: Command = {
  name: "audit seal",
  summary: "Seal what is new in the audit chain",
  usage: "[--whole]",
  details:
    "Each row that is never changed once it is written (bodies, bars and facts in all versions, features, results, lineage, finished runs, trainings, predictions, trades: the view\n" +
    "lineage.audit_stream) is hashed, and each kind gets a block that holds the hash of the block before it. Rows of transactions that are not finished wait for the\n" +
    "next seal. A worker seals every hour by itself. Keep the heads outside the database (marketbase audit export): they show a chain that was written anew.\n" +
    "A row that says it was recorded before it can have been is left out, and found by marketbase audit verify; once it was looked into, --whole takes it.",
  examples: [
    ["marketbase audit seal", "seal what is new; sealing twice changes nothing"],
    ["marketbase audit seal --whole", "after rows were restored or a clock was set back: whatever lies in no block"],
    ["marketbase audit seal && marketbase audit export heads.json", "and keep the heads elsewhere"],
  ],
  options: { whole: { type: "boolean", description: "look at every row of every table, not only at those that were written since the last seal and say so" } },
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { sealAll } = await import("../../audit/seal.ts");
    const { count, table } = await import("../../output/table.ts");
    const total = (blocks: readonly { row_count: number }[]) => blocks.reduce((sum, { row_count }) => sum + row_count, 0);
    const blocks = await withPool(context, "marketbase audit seal", "worker", 1, (pool) =>
      context.progress.run("seal", (step) => sealAll(pool, step, { whole: context.flag("whole"), signal: context.signal }), (sealed) => `${count(total(sealed))} rows`),
    );
    const last = blocks.at(-1);
    context.print(
      last === undefined
        ? "Nothing is new."
        : [
            table(
              [{ heading: "block", align: "right" }, "stream", { heading: "rows", align: "right" }],
              blocks.map(({ block_no, stream, row_count }) => [block_no, stream, count(row_count)]),
            ),
            "",
            `Head: block ${last.block_no}, ${last.hash}`,
          ].join("\n"),
      { blocks, row_count: total(blocks), head: last ?? null },
    );
  },
};

export default command;

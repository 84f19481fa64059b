import type { Command } from "../command.ts";

/** `marketbase audit export`: the heads of the chain, to be kept elsewhere. */
const command: Command = {
  name: "audit export",
  summary: "Write the heads of the audit chain, to be kept outside the database",
  usage: "[FILE]",
  details:
    "A small JSON file with number, hash, time and rows of the last block and of those 1, 2, 4, 8, … before it, and the rows of each stream. Keep it where nobody who may\n" +
    "change the database may change it: marketbase audit verify --head FILE holds the chain against it. A worker writes it after each seal to MARKETBASE_AUDIT_HEADS.",
  examples: [
    ["marketbase audit export heads-2025-06-30.json", "a file; one of that name is replaced"],
    ["marketbase audit export | ssh archive 'cat > heads.json'", "to standard output, for another machine"],
  ],
  arguments: { min: 0, max: 1 },
  options: {},
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { formatHeads, readHeads, writeHeads } = await import("../../audit/heads.ts");
    const heads = await withPool(context, "marketbase audit export", "auditor", 1, readHeads);
    const [file] = context.args;
    if (file === undefined) {
      context.print(formatHeads(heads).trimEnd(), heads);
      return;
    }
    await writeHeads(file, heads);
    const [head] = heads.heads;
    context.print(head === undefined ? `${file}: nothing was sealed yet.` : `${file}: block ${head.block_no}, ${head.hash}`, heads);
  },
};

export default command;

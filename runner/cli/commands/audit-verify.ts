import type { Command } from "../command.ts";

/** Findings that are shown as text; JSON has all of them. */
const SHOWN = 100;

/** `marketbase audit verify`: is everything as it was sealed? */
const command: Command = {
  name: "audit verify",
  summary: "Verify that everything is as it was sealed",
  usage: "[--since BLOCK|TIME] [--head FILE …]",
  details:
    "Finds changed, deleted, inserted and backdated rows by their keys, and changed, missing or exchanged blocks. Whoever owns the database can write the whole chain anew or\n" +
    "cut off its end: that shows only against heads that were kept elsewhere, so give them. Blocks and their links are always verified, all of them; --since spares reading\n" +
    "the rows of earlier blocks. Nothing is written. Exit status 3 when anything is found.",
  examples: [
    ["marketbase audit verify --head heads.json", "everything, against the heads that somebody else kept"],
    ["marketbase audit verify --since 120", "rows of block 120 and later only"],
    ["marketbase audit verify --since 2025-06-30 --json", "what was sealed since then, for programs"],
  ],
  options: {
    since: { type: "string", value: "BLOCK|TIME", description: "read again only rows that were sealed from this block or time on (all)" },
    head: { type: "string", value: "FILE", multiple: true, description: "a file of marketbase audit export; may be given again" },
  },
  async run(context) {
    const { readFile } = await import("node:fs/promises");
    const { EXIT, UserError } = await import("../../config/user-error.ts");
    const { withPool } = await import("../with-pool.ts");
    const { parseHeads } = await import("../../audit/heads.ts");
    const { verify } = await import("../../audit/verify.ts");
    const { count } = await import("../../output/table.ts");
    const heads = await Promise.all(
      context.all("head").map(async (file) => {
        const text = await readFile(file, "utf8").catch((cause: Error) => {
          throw new UserError(`${file} cannot be read: ${cause.message}.`, { exitCode: EXIT.usage, hint: "Give a file that marketbase audit export wrote.", cause });
        });
        return parseHeads(text, file);
      }),
    );
    const found = await withPool(context, "marketbase audit verify", "auditor", 1, (pool) =>
      context.progress.run("verify", (step) => verify(pool, step, { since: context.option("since"), heads, signal: context.signal }), ({ row_count }) => `${count(row_count)} rows`),
    );
    const { findings, head } = found;
    const lines = findings.slice(0, SHOWN).map(({ kind, message }) => `${kind}: ${message}`);
    if (findings.length > SHOWN) lines.push(`and ${count(findings.length - SHOWN)} more; --json has all of them`);
    if (lines.length > 0) lines.push("");
    const looked = `${count(found.row_count)} rows${found.from_block > 1 ? ` from block ${found.from_block} on` : ""}`;
    lines.push(
      head === null
        ? "Nothing was sealed yet."
        : `${count(found.blocks)} blocks, ${looked}: ${findings.length === 0 ? "everything is as it was sealed" : `${count(findings.length)} findings`}${heads.length === 0 ? ", not held against a head that was kept elsewhere" : ""}.\n` +
            `Head: block ${head.block_no}, ${head.hash}, sealed ${head.sealed_at}`,
    );
    context.print(lines.join("\n"), found);
    return findings.length > 0 ? EXIT.findings : EXIT.ok;
  },
};

export default command;

import { z } from "zod";
import { EXIT, UserError } from "../config/user-error.ts";
import { one, rows, type Queryable } from "../database/pool.ts";
import { writeNewFile } from "../export/new-file.ts";
import type { AuditFinding } from "./finding.ts";

const headSchema = z.object({
  block_no: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  sealed_at: z.iso.datetime(),
  /** Rows of this block and all before it. */
  row_count: z.number().int().positive(),
});

const headsSchema = z.object({
  format: z.literal("marketbase audit heads 1"),
  database: z.string(),
  exported_at: z.iso.datetime(),
  /** The last block first; empty when nothing was sealed. */
  heads: z.array(headSchema),
  streams: z.array(z.object({ stream: z.string(), blocks: z.number().int(), row_count: z.number().int() })),
});

/** What is kept outside the database. */
export type AuditHeads = z.infer<typeof headsSchema>;

const headsQuery = `
  select block_no::float8 as block_no, encode(hash, 'hex') as hash, sealed_at, row_count::float8 as row_count
  from (
    select block_no, hash, sealed_at, sum(row_count) over (order by block_no) as row_count, max(block_no) over () - block_no as distance
    from lineage.audit_block
  ) as block
  where distance in (select 0 union all select (2 ^ power)::bigint from generate_series(0, 60) as power) or block_no = 1
  order by block_no desc`;

const streamsQuery = `
  select stream, count(*)::float8 as blocks, sum(row_count)::float8 as row_count
  from lineage.audit_block group by stream order by stream`;

/** The hash of the last block and of those 1, 2, 4, 8, … before it and of the first, so that it shows since when a chain is another. */
export async function readHeads(on: Queryable): Promise<AuditHeads> {
  const { database, exported_at } = await one<{ database: string; exported_at: Date }>(on, "select current_database() as database, clock_timestamp() as exported_at");
  const heads = await rows<{ block_no: number; hash: string; sealed_at: Date; row_count: number }>(on, headsQuery);
  return {
    format: "marketbase audit heads 1",
    database,
    exported_at: exported_at.toISOString(),
    heads: heads.map((head) => ({ ...head, sealed_at: head.sealed_at.toISOString() })),
    streams: await rows<{ stream: string; blocks: number; row_count: number }>(on, streamsQuery),
  };
}

/** The heads as a file. */
export function formatHeads(heads: AuditHeads): string {
  return `${JSON.stringify(heads, undefined, 2)}\n`;
}

/** Writes the heads to a file; one that is there is replaced as a whole. */
export async function writeHeads(path: string, heads: AuditHeads): Promise<void> {
  await writeNewFile(path, true, (file) => file.writeFile(formatHeads(heads)));
}

/** Reads what `formatHeads` wrote; `name` is that of the file, for the error. */
export function parseHeads(text: string, name: string): AuditHeads {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${name} is not JSON: ${(cause as Error).message}.`, { exitCode: EXIT.usage, hint: "Give a file that marketbase audit export wrote.", cause });
  }
  const parsed = headsSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(`${name} has no heads of an audit chain: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`, {
    exitCode: EXIT.usage,
    hint: "Give a file that marketbase audit export wrote.",
  });
}

/** Holds the chain against heads that were kept outside: a chain that ends before them was cut off, one with other hashes was written anew. */
export async function compareHeads(on: Queryable, known: AuditHeads): Promise<AuditFinding[]> {
  const numbers = known.heads.map(({ block_no }) => block_no);
  const found = new Map(
    (
      await rows<{ block_no: number; hash: string }>(
        on,
        "select block_no::float8 as block_no, encode(hash, 'hex') as hash from lineage.audit_block where block_no = any ($1::bigint[])",
        [numbers],
      )
    ).map(({ block_no, hash }) => [block_no, hash]),
  );
  const last = (await one<{ block_no: number | null }>(on, "select max(block_no)::float8 as block_no from lineage.audit_block")).block_no ?? 0;
  const ascending = known.heads.toSorted((a, b) => a.block_no - b.block_no);
  const findings: AuditFinding[] = [];
  const newest = ascending.at(-1);
  const says = `the head kept on ${known.exported_at}`;
  if (newest !== undefined && newest.block_no > last) {
    findings.push({
      kind: "truncated", block_no: last + 1, stream: null, key: null,
      message: `the chain ends with block ${last}, and ${says} has block ${newest.block_no} with ${newest.row_count} rows up to it: its end was cut off`,
    });
  }
  const other = ascending.find(({ block_no, hash }) => found.has(block_no) && found.get(block_no) !== hash);
  if (other !== undefined) {
    const agreed = ascending.filter(({ block_no }) => block_no < other.block_no).at(-1);
    findings.push({
      kind: "rewritten", block_no: (agreed?.block_no ?? 0) + 1, stream: null, key: null,
      message: `block ${other.block_no} is not the one of ${says}: the chain was written anew ${agreed === undefined ? "from its beginning" : `after block ${agreed.block_no}`}`,
    });
  }
  return findings;
}

import type pg from "pg";
import { EXIT, UserError } from "../config/user-error.ts";
import { one, rows } from "../database/pool.ts";
import type { Step } from "../output/progress.ts";
import type { AuditFinding } from "./finding.ts";
import { compareHeads, type AuditHeads } from "./heads.ts";

/** What a verification looked at and found. */
export interface Verification {
  /** Blocks of the chain; their links and hashes are always verified, all of them. */
  readonly blocks: number;
  /** The first block whose rows were read again. */
  readonly from_block: number;
  /** Rows that were read again. */
  readonly row_count: number;
  readonly head: { readonly block_no: number; readonly hash: string; readonly sealed_at: string } | null;
  readonly findings: readonly AuditFinding[];
}

/** How a chain is verified. */
export interface VerifyOptions {
  /** Only rows of blocks from this number or time on; all without it. */
  readonly since?: string | undefined;
  /** Heads that were kept outside. */
  readonly heads?: readonly AuditHeads[];
  readonly signal?: AbortSignal;
}

/** Leaves that are read with one query: about a second. */
const LEAVES = 32;

const chainQuery = "select kind, block_no::float8 as block_no, stream, key, message from lineage.verify_chain()";
const leavesQuery = "select kind, block_no::float8 as block_no, stream, key, message from lineage.verify_leaves($1, $2, $3)";
const insertedQuery = "select kind, block_no::float8 as block_no, stream, key, message from lineage.verify_inserted($1, $2)";

const blocksQuery = `
  select block_no::float8 as block_no, leaf_count, row_count::float8 as row_count
  from lineage.audit_block
  where block_no >= $1::bigint and leaf_count > 0
  order by block_no`;

/** Verifies the chain and its rows, as somebody who may read them. Nothing is written. */
export async function verify(pool: pg.Pool, step: Step, { since, heads = [], signal }: VerifyOptions = {}): Promise<Verification> {
  const findings: AuditFinding[] = [];
  const firstBlock = since === undefined ? 1 : await blockOf(pool, since);
  step.note("the chain itself");
  findings.push(...(await rows<AuditFinding>(pool, chainQuery)));
  for (const known of heads) findings.push(...(await compareHeads(pool, known)));

  const blocks = await rows<{ block_no: number; leaf_count: number; row_count: number }>(pool, blocksQuery, [firstBlock]);
  const all = blocks.reduce((sum, { row_count }) => sum + row_count, 0);
  step.total(all);
  for (const { block_no, leaf_count, row_count } of blocks) {
    step.note(`block ${block_no}`);
    for (let leaf = 0; leaf < leaf_count; leaf += LEAVES) {
      if (signal?.aborted === true) throw new UserError("The verification was broken off.", { exitCode: EXIT.tryAgain, hint: "Nothing was changed; run it again." });
      findings.push(...(await rows<AuditFinding>(pool, leavesQuery, [block_no, leaf, leaf + LEAVES - 1])));
      step.advance(Math.round((Math.min(leaf_count, leaf + LEAVES) / leaf_count) * row_count) - Math.round((leaf / leaf_count) * row_count));
    }
  }
  const streams = await rows<{ stream: string }>(pool, "select distinct stream from lineage.audit_block order by stream");
  for (const { stream } of streams) {
    step.note(`rows of ${stream} in no block`);
    findings.push(...(await rows<AuditFinding>(pool, insertedQuery, [stream, since !== undefined])));
  }
  const [head] = await rows<{ block_no: number; hash: string; sealed_at: Date }>(
    pool,
    "select block_no::float8 as block_no, encode(hash, 'hex') as hash, sealed_at from lineage.audit_block order by audit_block.block_no desc limit 1",
  );
  const { count } = await one<{ count: number }>(pool, "select count(*)::float8 as count from lineage.audit_block");
  return { blocks: count, from_block: firstBlock, row_count: all, head: head === undefined ? null : { ...head, sealed_at: head.sealed_at.toISOString() }, findings };
}

/** The first block that `since`, a number or a time, means. */
async function blockOf(pool: pg.Pool, since: string): Promise<number> {
  if (/^\d{1,15}$/.test(since)) return Number(since);
  if (Number.isNaN(Date.parse(since))) {
    throw new UserError(`--since takes the number of a block or a time, not ${since}.`, { exitCode: EXIT.usage, hint: "Such as --since 120 or --since 2025-06-30." });
  }
  const { block_no } = await one<{ block_no: number }>(
    pool,
    "select coalesce(min(block_no) filter (where sealed_at >= $1), coalesce(max(block_no), 0) + 1)::float8 as block_no from lineage.audit_block",
    [new Date(since)],
  );
  return block_no;
}

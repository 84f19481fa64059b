import type pg from "pg";
import { rows } from "../database/pool.ts";
import type { Step } from "../output/progress.ts";

/** A block that was sealed. */
export interface SealedBlock {
  readonly block_no: number;
  readonly stream: string;
  readonly row_count: number;
  readonly hash: string;
}

const sealQuery = `
  select block_no::float8 as block_no, stream, row_count::float8 as row_count, encode(hash, 'hex') as hash
  from lineage.seal_stream($1, $2) where block_no is not null`;

const pendingQuery = "select sealed.stream, lineage.audit_pending(sealed, $1)::float8 as count from lineage.audit_stream as sealed order by sealed.stream";

/** How it is sealed. */
export interface SealOptions {
  /** Look at every row, and not only at those that were written since the last seal and say so. */
  readonly whole?: boolean;
  /** After it no further stream is begun. */
  readonly signal?: AbortSignal;
}

/** Seals what is new, stream by stream; each block is a transaction of its own. */
export async function sealAll(pool: pg.Pool, step: Step, { whole = false, signal }: SealOptions = {}): Promise<SealedBlock[]> {
  step.note("look for what is new");
  const pending = new Map((await rows<{ stream: string; count: number }>(pool, pendingQuery, [whole])).map(({ stream, count }) => [stream, count]));
  step.total([...pending.values()].reduce((sum, count) => sum + count, 0));
  const sealed: SealedBlock[] = [];
  for (const [stream, count] of pending) {
    if (count === 0) continue;
    if (signal?.aborted === true) break;
    step.note(stream);
    let told = 0;
    const tell = (hashed: number) => {
      step.advance(Math.max(0, Math.min(hashed, count) - told));
      told = Math.max(told, Math.min(hashed, count));
    };
    const client = await pool.connect();
    const hear = (notice: { detail?: string | undefined }) => tell(Number(notice.detail ?? 0));
    client.on("notice", hear);
    let broken: Error | undefined;
    try {
      sealed.push(...(await rows<SealedBlock>(client, sealQuery, [stream, whole])));
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      client.off("notice", hear);
      client.release(broken);
    }
    tell(count);
  }
  return sealed;
}

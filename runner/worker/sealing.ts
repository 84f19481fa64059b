import type pg from "pg";
import { readHeads, writeHeads } from "../audit/heads.ts";
import { sealAll } from "../audit/seal.ts";
import { value } from "../database/pool.ts";
import { silentProgress } from "../output/progress.ts";

/** How often it is looked whether a seal is due … */
const LOOK_MS = 300_000;
/** … and how often one is made. */
const SEAL_MS = 3_600_000;

const dueQuery = "select not exists (select from lineage.audit_block where sealed_at > now() - interval '1 hour')";

/** What may be set for tests. */
export interface SealingOptions {
  readonly lookMilliseconds?: number;
}

/**
 * Seals what is new in the audit chain every hour while the worker runs; of several workers one does. The head is said, so that it stands in the log, and
 * written to `headsFile` where there is one. Whatever fails is said and tried again at the next turn.
 */
export function keepSealing(
  pool: pg.Pool,
  headsFile: string | undefined,
  say: (message: string) => void,
  { lookMilliseconds = LOOK_MS }: SealingOptions = {},
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let sealed = -Infinity;
  let busy: Promise<void> | undefined;
  const turn = async () => {
    if (performance.now() - sealed < SEAL_MS || !(await value<boolean>(pool, dueQuery))) return;
    const blocks = await sealAll(pool, silentProgress().step("seal"), { signal: stopping.signal });
    if (headsFile !== undefined) await writeHeads(headsFile, await readHeads(pool));
    sealed = performance.now();
    const last = blocks.at(-1);
    if (last !== undefined) say(`Sealed ${blocks.length} blocks of the audit chain; its head is block ${last.block_no}, ${last.hash}.`);
  };
  const tick = () => {
    busy ??= turn()
      .catch((error: Error) => say(`The audit chain could not be sealed: ${error.message}`))
      .finally(() => (busy = undefined));
  };
  const timer = setInterval(tick, lookMilliseconds);
  return {
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await busy;
    },
  };
}

import { sealAll, type SealedBlock, type SealOptions } from "../../../runner/audit/seal.ts";
import type { AuditFinding } from "../../../runner/audit/finding.ts";
import { verify, type VerifyOptions } from "../../../runner/audit/verify.ts";
import { silentProgress } from "../../../runner/output/progress.ts";
import type { TestDatabase } from "../support/database.ts";

const silent = () => silentProgress().step("test");

/** Seals what is new, as soon as the transactions of other tests on this server that could hold it up have ended. */
export async function seal(db: TestDatabase, options: SealOptions = {}): Promise<SealedBlock[]> {
  await db.pool("admin").query(`do $$
    declare
      others constant xid[] := array(select backend_xid from pg_stat_activity where datname <> current_database() and backend_xid is not null);
    begin
      while exists (select from pg_stat_activity where backend_xid = any (others) and datname <> current_database()) loop
        perform pg_sleep(0.05), pg_stat_clear_snapshot();
      end loop;
    end
  $$`);
  return sealAll(db.worker, silent(), options);
}

/** Rows of a stream in blocks that were sealed. */
export function rowsOf(blocks: readonly SealedBlock[], stream: string): number {
  return blocks.filter((block) => block.stream === stream).reduce((sum, { row_count }) => sum + row_count, 0);
}

/** What a verification finds. */
export async function findings(db: TestDatabase, options: VerifyOptions = {}): Promise<readonly AuditFinding[]> {
  return (await verify(db.auditor, silent(), options)).findings;
}

/** The same as text. */
export async function messages(db: TestDatabase): Promise<string[]> {
  return (await findings(db)).map(({ kind, message }) => `${kind}: ${message}`);
}

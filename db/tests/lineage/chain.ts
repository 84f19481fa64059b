import { sealAll, type SealedBlock } from "../../../runner/audit/seal.ts";
import type { AuditFinding } from "../../../runner/audit/finding.ts";
import { verify, type VerifyOptions } from "../../../runner/audit/verify.ts";
import { silentProgress } from "../../../runner/output/progress.ts";
import type { TestDatabase } from "../support/database.ts";

const silent = () => silentProgress().step("test");

/** Seals what is new. */
export function seal(db: TestDatabase): Promise<SealedBlock[]> {
  return sealAll(db.worker, silent());
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

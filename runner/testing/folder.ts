import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty folder that the account of an embedded server may enter, removed at the end of the test. */
export function temporaryFolder(test: { teardown(action: () => void): unknown }): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "marketbase-"));
  chmodSync(folder, 0o755);
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

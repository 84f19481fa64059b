import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { withConnection } from "../database/connect.ts";
import { formatFinding } from "./finding.ts";
import { lint } from "./lint.ts";

t.test("the database of this checkout has no findings", async (t) => {
  const db = await testDatabase(t);
  const findings = await withConnection(db.url("migrator"), (client) => lint(client));
  t.strictSame(findings.map(formatFinding), []);
});

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { testDatabase } from "../../../db/tests/support/database.ts";
import { repositoryRoot } from "../../config/config.ts";

function marketbase(args: string[], env: Record<string, string> = {}): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(repositoryRoot, "runner/cli/main.ts"), ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

t.test("what needs no database", async (t) => {
  t.match(await marketbase(["report", "--list"]), { status: 0, stdout: /\ncompliance: What came in, what was checked[^\n]*\n  takes as_of, lines\n/ });
  t.match((JSON.parse((await marketbase(["report", "--list", "--json"])).stdout) as unknown[]).slice(0, 2), [{ name: "access", parameters: ["lines"] }, { name: "completeness" }]);
  t.match(await marketbase(["report"]), { status: 2, stdout: "", stderr: /Which report\?/ });
  t.match(await marketbase(["report", "complience"]), { status: 2, stdout: "", stderr: /There is no report complience\.\n.*Did you mean compliance\?/ });
  t.match(await marketbase(["report", "compliance", "-v", "as_off=2020-01-01"]), { status: 2, stdout: "", stderr: /takes no as_off\.\n.*Did you mean as_of\?/ });
  t.match(await marketbase(["report", "compliance", "-v", "as_of"]), { status: 2, stdout: "", stderr: /-v as_of is not NAME=VALUE/ });
  t.match(await marketbase(["report", "access", "--as-of", "2020-01-01"]), { status: 2, stdout: "", stderr: /cannot look back/ });
  t.match(await marketbase(["report", "compliance", "--format", "pdf"]), { status: 2, stdout: "" });
});

t.test("a report of a database", async (t) => {
  const db = await testDatabase(t);
  const env = { DATABASE_URL: db.url("admin") };
  const text = await marketbase(["report", "compliance"], env);
  t.match(text, { status: 0, stdout: /^# marketbase: what came in[^\n]*\n# As of: +\d{4}-/ });
  t.match(text.stdout, /\n# End of report\.\n$/);
  t.equal((JSON.parse((await marketbase(["report", "compliance", "--json"], env)).stdout) as { sections: unknown[] }).sections.length, 18);

  const folder = mkdtempSync(join(tmpdir(), "marketbase-report-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const output = join(folder, "r.csv");
  t.match(await marketbase(["report", "compliance", "--as-of", "2020-01-01", "--format", "csv", "--output", output], env), { status: 0, stdout: "" });
  t.match(readFileSync(output, "utf8"), /\n# 1\. What came in/);

  const kept = join(folder, "kept.txt");
  writeFileSync(kept, "older");
  const wrong = await marketbase(["report", "compliance", "--as-of", "noon", "--output", kept], env);
  t.match(wrong, { status: 2, stdout: "", stderr: /'noon' is not a moment; write it as 2026-01-01/ });
  t.equal(readFileSync(kept, "utf8"), "older", "a wrong moment leaves the file alone");
  t.match(await marketbase(["report", "completeness", "--symbol", "NOBODY", "--format", "html", "--output", kept], env), { status: 2, stderr: /no instrument with the symbol 'NOBODY'/ });
  t.match(await marketbase(["report", "compliance", "--lines", "many"], env), { status: 2, stderr: /'many' is not a number of lines/ });
  const none = join(folder, "none.txt");
  t.match(await marketbase(["report", "compliance", "--as-of", "2999-01-01", "--output", none], env), { status: 2, stderr: /lies in the future/ });
  t.notOk(existsSync(none), "and makes none");

  await db.query("drop schema quality cascade");
  t.match(await marketbase(["report", "compliance"], env), { status: 1, stdout: "", stderr: /The database has nothing to report yet/ });
});

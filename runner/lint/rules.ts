import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import type { Finding } from "./finding.ts";
import { ourSchemas } from "./text.ts";

/** The functions that may act with the rights of their owner, `schema.name`. Each says in its file why it has to. */
export const securityDefiners: readonly string[] = ["feature.define_set", "feature.refresh_versions"];

const folder = join(import.meta.dirname, "rules");

/** Runs the rules that look at the catalogue: each is a query in `rules/`, of the object and what to do about it. */
export async function catalogueFindings(client: pg.ClientBase): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".sql")).sort()) {
    const sql = readFileSync(join(folder, file), "utf8");
    const { rows } = await client.query<{ object: string; finding: string }>(sql, sql.includes("$2") ? [ourSchemas, securityDefiners] : [ourSchemas]);
    for (const { object, finding } of rows) findings.push({ object, rule: file.replace(/\.sql$/, ""), todo: finding });
  }
  return findings;
}

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import type { Finding } from "./finding.ts";
import { ourSchemas } from "./text.ts";

/** The functions that may act with the rights of their owner, `schema.name`. Each says in its file why it has to. */
export const securityDefiners: readonly string[] = [
  "feature.define_set", "feature.refresh_versions", "lineage.seal_stream", "pipeline.queue_finding_events", "pipeline.queue_gate_release",
  "pipeline.queue_results", "pipeline.queue_run", "quality.define_rule", "quality.make_partitions", "quality.retire_rule",
];

const folder = join(import.meta.dirname, "rules");

/** The names of the rules that look at the catalogue. */
export const catalogueRules: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".sql"))
  .map((name) => name.replace(/\.sql$/, ""))
  .sort();

/** Runs rules that look at the catalogue, all unless some are named: each is a query in `rules/`, of the object and what to do about it. */
export async function catalogueFindings(client: pg.ClientBase, rules: readonly string[] = catalogueRules): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of rules) {
    const sql = readFileSync(join(folder, `${rule}.sql`), "utf8");
    const { rows } = await client.query<{ object: string; finding: string }>(sql, sql.includes("$2") ? [ourSchemas, securityDefiners] : [ourSchemas]);
    for (const { object, finding } of rows) findings.push({ object, rule, todo: finding });
  }
  return findings;
}

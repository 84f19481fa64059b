import type pg from "pg";
import { repositoryLayout, type Layout } from "../database/layout.ts";
import { fileFindings, replayFindings } from "./files.ts";
import type { Finding } from "./finding.ts";
import { rightsFindings } from "./rights.ts";
import { catalogueFindings } from "./rules.ts";
import { sourceFindings } from "./sources.ts";

/** Runs every rule on a database of its own, which it leaves as it was. The connection may become marketbase_owner. */
export async function lint(client: pg.ClientBase, layout: Layout = repositoryLayout): Promise<Finding[]> {
  const findings = [
    ...(await catalogueFindings(client)),
    ...(await fileFindings(client, layout)),
    ...(await replayFindings(client, layout)),
    ...(await sourceFindings(client)),
    ...(await rightsFindings(client)),
  ];
  return findings.sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : a.rule < b.rule ? -1 : 1));
}

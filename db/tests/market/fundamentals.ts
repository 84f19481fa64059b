import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { bring, openRun } from "../ingest/bodies.ts";
import type { TestDatabase } from "../support/database.ts";

/** A fact as the SEC gives it. */
export interface Fact {
  readonly start?: string;
  readonly end: string;
  readonly val: number;
  readonly accn: string;
  readonly form: string;
  readonly filed: string;
}

/** The facts of a company: by taxonomy, tag and unit. */
export type Facts = Record<string, Record<string, { readonly units: Record<string, Fact[]> }>>;

/** The companies whose complete facts lie beside the checkout. */
export const companies = { AAPL: "recordings/sec/companyfacts-CIK0000320193.json.gz", NVDA: "recordings/sec/companyfacts-CIK0001045810.json.gz" } as const;

/** The facts of a file of companyfacts under the tags that concepts, or lines of statements, use. */
export async function factsOf(db: TestDatabase, path: string, mapping: "concept_tag" | "statement_tag" = "concept_tag"): Promise<{ cik: number; entityName: string; facts: Facts }> {
  const document = JSON.parse(gunzipSync(readFileSync(path)).toString()) as { cik: number; entityName: string; facts: Facts };
  const tags = new Set((await db.query<{ tag: string }>(`select distinct tag from market.${mapping}`)).map(({ tag }) => tag));
  const facts = Object.fromEntries(["dei", "us-gaap"].map((taxonomy) => [taxonomy, Object.fromEntries(Object.entries(document.facts[taxonomy] ?? {}).filter(([tag]) => tags.has(tag)))]));
  return { ...document, facts };
}

/** Brings facts into the database, as the worker does; gives the instrument. */
export async function bringFacts(db: TestDatabase, symbol: string, document: { cik: number; entityName: string; facts: Facts }): Promise<string> {
  const run = await openRun(db);
  const outcome = await bring(db, run, { provider: "sec", dataset: "fundamentals", subject: symbol, body: JSON.stringify(document) });
  if (outcome.outcome !== "normalised") throw new Error(`the facts of ${symbol} were not taken in: ${outcome.message}`);
  return await db.value<string>("select market.instrument_id($1)", [symbol]);
}

/** Records splits: pairs of ex-date and new shares per old one. */
export async function addSplits(db: TestDatabase, instrumentId: string, splits: readonly (readonly [exDate: string, ratio: number])[]): Promise<void> {
  await db.query(
    `insert into market.corporate_action (instrument_id, action_type, ex_date, amount, known_from, provider, raw_response_id, run_id)
     select $1, 'split', ex_date, ratio, ex_date::timestamp at time zone 'America/New_York', 'sec', response.raw_response_id, response.run_id
     from unnest($2::date[], $3::numeric[]) as split (ex_date, ratio)
     cross join (select raw_response_id, run_id from ingest.raw_response order by raw_response_id limit 1) as response`,
    [instrumentId, splits.map(([exDate]) => exDate), splits.map(([, ratio]) => ratio)],
  );
}

import type pg from "pg";
import { EXIT, type ExitCode } from "../config/user-error.ts";
import { rows } from "../database/pool.ts";
import { count, table } from "../output/table.ts";
import type { IngestResult } from "./normalise.ts";

/** A row that was refused. */
interface QuarantinedRow extends Record<string, unknown> {
  readonly row_no: number;
  readonly symbol: string | null;
  readonly day: string | null;
  readonly reason: string;
}

/** What has to be computed again. */
interface StaleMark extends Record<string, unknown> {
  readonly consumer: string;
  readonly instruments: number;
  readonly first_day: string;
  readonly last_day: string;
}

/** What `marketbase ingest` and `marketbase import` say at the end. */
export interface IngestReport {
  readonly text: string;
  readonly data: unknown;
  readonly exitCode: ExitCode;
}

const SHOWN_ROWS = 10;

/** Collects what the bodies brought, why rows were refused, and what is out of date since. */
export async function reportOn(pool: pg.Pool, results: readonly IngestResult[]): Promise<IngestReport> {
  const parts: string[] = [];
  const data: Record<string, unknown>[] = [];
  for (const { subject, outcome } of results) {
    const quarantined = outcome.quarantinedCount === 0 ? [] : await readQuarantine(pool, outcome.rawResponseId);
    // The next page is part of the results itself, and its headers may hold a key.
    const { next: _next, ...said } = outcome;
    data.push({ subject, ...said, quarantined });
    if (outcome.outcome === "refused") parts.push(`${subject} was refused: ${sentence(outcome.message ?? "")} (${outcome.errorCode ?? ""}; its bytes are kept as raw response ${outcome.rawResponseId})`);
    if (outcome.outcome === "held") parts.push(`${subject} is held: ${sentence(outcome.message ?? "")} marketbase ingest accept ${outcome.rawResponseId} takes it in.`);
    if (quarantined.length > 0) {
      const more = outcome.quarantinedCount - quarantined.length;
      parts.push(
        `${subject}: ${count(outcome.quarantinedCount)} rows are in quarantine\n${table(["row", "symbol", "day", "reason"], quarantined.map(({ row_no, symbol, day, reason }) => [row_no, symbol, day, reason]))}` +
          (more > 0 ? `\nand ${count(more)} more: select * from ingest.quarantine where raw_response_id = ${outcome.rawResponseId}` : ""),
      );
    }
  }
  for (const { subject, outcome } of results) {
    if (outcome.actionCount > 0 || outcome.actionChangedCount > 0) {
      parts.push(`${subject}: splits and dividends: ${count(outcome.actionCount)} in the body, ${count(outcome.actionChangedCount)} new, changed or cancelled (raw response ${outcome.rawResponseId}).`);
    }
  }
  const notices = await readNotices(pool, results.map(({ outcome }) => outcome.rawResponseId));
  parts.push(...notices);
  const columns = ["subject", "rows", "accepted", "new", "new versions", "quarantined", "raw response"];
  const summary = table(
    columns,
    results.map(({ subject, outcome }) => [
      subject, count(outcome.rowCount), count(outcome.acceptedCount), count(outcome.newCount), count(outcome.versionCount), count(outcome.quarantinedCount),
      `${outcome.rawResponseId}${outcome.isNew ? "" : " (as before)"}`,
    ]),
  );
  const changed = results.reduce((sum, { outcome }) => sum + outcome.newCount + outcome.versionCount + outcome.actionChangedCount, 0);
  const stale = changed === 0 ? [] : await readStaleMarks(pool);
  if (changed === 0) parts.push("Nothing was changed.");
  else if (stale.length > 0) {
    parts.push(
      `To be computed again:\n${table(["what", "instruments", "from", "to"], stale.map(({ consumer, instruments, first_day, last_day }) => [consumer, instruments, first_day, last_day]))}\n` +
        "marketbase start does it, or marketbase validate and marketbase features compute step by step.",
    );
  }
  const refused = results.some(({ outcome }) => outcome.outcome === "refused");
  const findings = results.some(({ outcome }) => outcome.quarantinedCount > 0 || outcome.outcome === "held");
  return {
    text: [summary, ...parts].join("\n\n"),
    data: { results: data, stale, notices },
    exitCode: refused ? EXIT.failed : findings ? EXIT.findings : EXIT.ok,
  };
}

async function readQuarantine(pool: pg.Pool, rawResponseId: string): Promise<QuarantinedRow[]> {
  return await rows<QuarantinedRow>(
    pool,
    `select row_no::float8, symbol, (ts at time zone 'UTC')::date::text as day, reason
     from ingest.quarantine where raw_response_id = $1 order by row_no limit $2`,
    [rawResponseId, SHOWN_ROWS],
  );
}

async function readStaleMarks(pool: pg.Pool): Promise<StaleMark[]> {
  return await rows<StaleMark>(
    pool,
    `select consumer, count(distinct instrument_id)::int as instruments,
       (min(from_ts) at time zone 'UTC')::date::text as first_day, (max(to_ts) at time zone 'UTC')::date::text as last_day
     from pipeline.stale_range group by consumer order by consumer`,
  );
}

async function readNotices(pool: pg.Pool, rawResponseIds: readonly string[]): Promise<string[]> {
  const found = await rows<{ notice: string }>(pool, "select notice from ingest.notices($1) as notice", [rawResponseIds]);
  return found.map(({ notice }) => notice);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

import type { Queryable } from "../../database/pool.ts";
import { value } from "../../database/pool.ts";
import type { DefectFile } from "./files.ts";

/** What a rule found in a file. */
export interface Alarm {
  readonly date: string;
  readonly rule: string;
  readonly severity: string;
  readonly message: string;
}

/** A run and a provider under which files are imported. */
export async function startImport(db: Queryable): Promise<string> {
  await db.query("insert into ingest.provider (provider, title, priority, terms) values ('defects', 'Files of defects', 9998, 'None.')");
  return value<string>(db, "select pipeline.start_run('bench', 'bench')::text");
}

/**
 * Imports a file as the pipeline does: its bars are judged as candidates, those that no critical rule refuses are stored with the dividends and splits, and
 * the rules
 * look at what is stored. Resolves to the instrument, the findings of the
 * rules of prices and actions (those of the calendar know nothing of the exchanges of the files), and the bars that were refused.
 */
export async function importDefects(db: Queryable, runId: string, file: DefectFile): Promise<{ instrumentId: string; alarms: Alarm[]; refused: Alarm[] }> {
  const instrumentId = await value<string>(
    db,
    "insert into market.instrument (symbol, asset_class, mic) values ($1, 'fund', 'XOFF') returning instrument_id::text",
    [file.name.replace(/-1d-|-1wk-/, "-").toUpperCase().slice(0, 32)],
  );
  const bodyId = await value<string>(
    db,
    `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id)
     values ('defects', 'bars', $1, $2, 'READ', 200, '', 0, encode(sha256(''), 'hex'), now(), $3) returning raw_response_id::text`,
    [file.symbol, `file:${file.name}.csv`, runId],
  );
  const bars = JSON.stringify(file.bars);
  await db.query(
    `insert into ingest.candidate_bar (raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close)
     select $1, bar.row_no, 'TEST', $2, $3, bar.date::timestamp at time zone 'UTC', bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar."adjustedClose"
     from rows from (json_to_recordset($4) as (date date, open float8, high float8, low float8, close float8, volume float8, "adjustedClose" float8))
       with ordinality as bar (date, open, high, low, close, volume, "adjustedClose", row_no)`,
    [bodyId, instrumentId, file.interval, bars],
  );
  const { rows: refused } = await db.query<{ row: number; rules: string[]; reason: string }>(
    "select row_no::int as row, rules, reason from quality.validate_candidates($1, $2)",
    [runId, bodyId],
  );
  await db.query(
    `insert into market.price_data (instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, known_from, provider, raw_response_id, run_id)
     select $1, $2, bar.date::timestamp at time zone 'UTC', bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar."adjustedClose",
       bar.date::timestamp at time zone 'UTC', 'defects', $3, $4
     from rows from (json_to_recordset($5) as (date date, open float8, high float8, low float8, close float8, volume float8, "adjustedClose" float8))
       with ordinality as bar (date, open, high, low, close, volume, "adjustedClose", row_no)
     where bar.row_no <> all ($6)`,
    [instrumentId, file.interval, bodyId, runId, bars, refused.map(({ row }) => row)],
  );
  await db.query(
    `insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, known_from, provider, raw_response_id, run_id)
     select $1, action.type, bar.date, action.amount, case when action.type = 'dividend' then 'USD' end, bar.date, 'defects', $2, $3
     from json_to_recordset($4) as bar (date date, dividend numeric, split numeric)
     cross join lateral (values ('dividend', bar.dividend), ('split', bar.split)) as action (type, amount)
     where action.amount > 0`,
    [instrumentId, bodyId, runId, bars],
  );
  await db.query("select from quality.validate($1, array[$2::bigint])", [runId, instrumentId]);
  const { rows: alarms } = await db.query<Alarm>(
    `select coalesce((finding.ts at time zone 'UTC')::date::text, '') as date, result.rule, result.severity, finding.message
     from quality.validation_result as result
     join quality.validation_finding as finding using (validation_result_id)
     join quality.rule_in_force as in_force on in_force.rule = result.rule
     where result.raw_response_id is null and result.instrument_id = $1 and in_force.family in ('prices', 'actions')
     order by finding.validation_finding_id`,
    [instrumentId],
  );
  const rejected = refused.flatMap(({ row, rules, reason }) =>
    rules.map((rule) => ({ date: file.bars[row - 1]?.date ?? "", rule, severity: "critical", message: reason })),
  );
  return { instrumentId, alarms, refused: rejected };
}

import type { Queryable } from "../../database/pool.ts";
import { value } from "../../database/pool.ts";
import type { ServedBar } from "./files.ts";

/** What a rule found in a file. */
export interface Alarm {
  readonly date: string;
  readonly rule: string;
  readonly severity: string;
  readonly message: string;
}

/** A run and a provider under which files are imported. */
export async function startImport(db: Queryable): Promise<string> {
  await db.query("insert into ingest.provider (provider, title, priority, terms) values ('defects', 'Files of defects', 9998, 'None.') on conflict do nothing");
  return value<string>(db, "select pipeline.start_run('bench', 'bench')::text");
}

/** A series of bars as it is imported; without more it is a fund at no exchange, of which no calendar is known. */
export interface Imported {
  readonly name: string;
  readonly interval: "1d" | "1w";
  readonly bars: readonly ServedBar[];
  readonly assetClass?: string;
  readonly mic?: string;
}

/** What the rules said of a series. */
export interface Verdict {
  /** Of stored bars, by the rules of prices and actions, and those of the calendar where one is known. */
  readonly alarms: Alarm[];
  /** Bars that were refused. */
  readonly refused: Alarm[];
}

/**
 * Imports series as the pipeline does: their bars are judged as candidates, those that no critical rule refuses are stored with the dividends and splits, and
 * the rules look at what is stored, of all series at once. Resolves to what they said, in the order of the series.
 */
export async function importSeries(db: Queryable, runId: string, series: readonly Imported[]): Promise<Verdict[]> {
  const stored: { instrumentId: string; refused: Alarm[] }[] = [];
  for (const one of series) stored.push(await store(db, runId, one));
  const ids = stored.map(({ instrumentId }) => instrumentId);
  await db.query("select from quality.validate($1, $2::bigint[], null, '{price_data}')", [runId, ids]);
  const { rows } = await db.query<Alarm & { instrument_id: string }>(
    `select result.instrument_id::text, to_char(finding.ts at time zone 'UTC', 'YYYY-MM-DD') as date, result.rule, result.severity, finding.message
     from quality.validation_result as result
     join quality.validation_finding as finding using (validation_result_id)
     join quality.rule_in_force as in_force on in_force.rule = result.rule
     join market.instrument as instrument on instrument.instrument_id = result.instrument_id
     where result.raw_response_id is null and result.instrument_id = any ($1)
       and in_force.family = any (case instrument.mic when 'XOFF' then '{prices,actions}' else '{prices,actions,calendar}'::text[] end)
       -- What is said of a series as a whole names no row.
       and finding.ts is not null
     order by finding.validation_finding_id`,
    [ids],
  );
  const alarms = Map.groupBy(rows, ({ instrument_id }) => instrument_id);
  return stored.map(({ instrumentId, refused }) => ({ alarms: alarms.get(instrumentId) ?? [], refused }));
}

async function store(db: Queryable, runId: string, { name, interval, bars: served, assetClass = "fund", mic = "XOFF" }: Imported): Promise<{ instrumentId: string; refused: Alarm[] }> {
  const instrumentId = await value<string>(
    db,
    "insert into market.instrument (symbol, asset_class, mic) values ($1, $2, $3) returning instrument_id::text",
    [name.replace(/-1d-|-1wk-/, "-").toUpperCase().slice(0, 32), assetClass, mic],
  );
  const bodyId = await value<string>(
    db,
    `insert into ingest.raw_response (provider, dataset, subject, url, method, status, body, byte_count, sha256, fetched_at, run_id)
     values ('defects', 'bars', $1, $2, 'READ', 200, '', 0, encode(sha256(''), 'hex'), now(), $3) returning raw_response_id::text`,
    [name, `file:${name}.csv`, runId],
  );
  const bars = JSON.stringify(served);
  await db.query(
    `insert into ingest.candidate_bar (raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close)
     select $1, bar.row_no, 'TEST', $2, $3, bar.date::timestamp at time zone 'UTC', bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar."adjustedClose"
     from rows from (json_to_recordset($4) as (date date, open float8, high float8, low float8, close float8, volume float8, "adjustedClose" float8))
       with ordinality as bar (date, open, high, low, close, volume, "adjustedClose", row_no)`,
    [bodyId, instrumentId, interval, bars],
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
    [instrumentId, interval, bodyId, runId, bars, refused.map(({ row }) => row)],
  );
  await db.query(
    `insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, known_from, provider, raw_response_id, run_id)
     select $1, action.type, bar.date, action.amount, case when action.type = 'dividend' then 'USD' end, bar.date, 'defects', $2, $3
     from json_to_recordset($4) as bar (date date, dividend numeric, split numeric)
     cross join lateral (values ('dividend', bar.dividend), ('split', bar.split)) as action (type, amount)
     where action.amount > 0`,
    [instrumentId, bodyId, runId, bars],
  );
  const rejected = refused.flatMap(({ row, rules, reason }) =>
    rules.map((rule) => ({ date: served[row - 1]?.date ?? "", rule, severity: "critical", message: reason })),
  );
  return { instrumentId, refused: rejected };
}

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { testDatabase, type TestDatabase } from "../support/database.ts";

/** A daily bar as a test writes it; what is left out is 100 with a volume of 1,000. */
export interface Bar {
  readonly date: string | null;
  readonly open?: number | null;
  readonly high?: number | null;
  readonly low?: number | null;
  readonly close?: number | null;
  readonly volume?: number | null;
  readonly adjustedClose?: number | null;
}

/** A reported fact as a test writes it: a balance of the last day of 2020, filed a month later. */
export interface Fact {
  readonly concept?: string | null;
  readonly value?: string | number | null;
  readonly unit?: string | null;
  readonly start?: string | null;
  readonly end?: string | null;
  readonly filed?: string | null;
  readonly form?: string | null;
  readonly accession?: string | null;
  readonly taxonomy?: string | null;
}

/** What a rule said about one instrument or body. */
export interface Outcome {
  readonly status: string;
  readonly checked: number;
  readonly failed: number;
  readonly message: string;
  /** Dates of the findings (or null), in order. */
  readonly dates: (string | null)[];
  readonly messages: string[];
}

/** A database with a run and a provider, and short ways to fill it. */
export interface World {
  readonly db: TestDatabase;
  readonly runId: number;
  instrument(symbol: string, options?: { assetClass?: string; mic?: string }): Promise<number>;
  body(dataset?: "bars" | "fundamentals" | "trades", fetchedAt?: string): Promise<number>;
  /** Candidates of a new body of bars; resolves to the body. */
  candidateBars(instrumentId: number | null, bars: Bar[], options?: { fetchedAt?: string; interval?: string }): Promise<number>;
  candidateFacts(instrumentId: number | null, facts: Fact[]): Promise<number>;
  /** Stores bars as they are; a refused check is an error. */
  bars(instrumentId: number, bars: Bar[]): Promise<void>;
  facts(instrumentId: number, facts: Fact[]): Promise<void>;
  action(instrumentId: number, type: "split" | "dividend", exDate: string, amount: number): Promise<void>;
  /** quality.validate_candidates of a body: the rejected rows. */
  judge(bodyId: number): Promise<{ row: number; rules: string[]; reason: string }[]>;
  /** quality.validate of one instrument; resolves to what each rule said. */
  validate(instrumentId: number, from?: string): Promise<Map<string, Outcome>>;
  /** What each rule said about the candidates of a body. */
  verdicts(bodyId: number): Promise<Map<string, Outcome>>;
}

/** Opens a world of its own for a test. */
export async function world(test: Parameters<typeof testDatabase>[0]): Promise<World> {
  const db = await testDatabase(test);
  await db.query("insert into ingest.provider (provider, title, priority, terms) values ('test', 'Test', 9999, 'none')");
  const runId = await db.value<number>("insert into pipeline.pipeline_run (flow, step, status) values ('test', 'test', 'running') returning run_id::int");
  let bodies = 0;

  async function outcomes(where: string, value: number): Promise<Map<string, Outcome>> {
    const results = await db.query<{ rule: string } & Outcome>(
      `select r.rule, r.status, r.checked_count::int as checked, r.failed_count::int as failed, r.message,
        coalesce(array_agg((f.ts at time zone 'UTC')::date::text order by f.validation_finding_id) filter (where f.validation_finding_id is not null), '{}') as dates,
        coalesce(array_agg(f.message order by f.validation_finding_id) filter (where f.validation_finding_id is not null), '{}') as messages
      from (select distinct on (rule) * from quality.validation_result where ${where} order by rule, validation_result_id desc) r
      left join quality.validation_finding f using (validation_result_id)
      group by r.validation_result_id, r.rule, r.status, r.checked_count, r.failed_count, r.message`,
      [value],
    );
    return new Map(results.map(({ rule, ...outcome }) => [rule, outcome]));
  }

  const self: World = {
    db,
    runId,
    instrument: (symbol, options = {}) =>
      db.value(
        "insert into market.instrument (symbol, asset_class, mic) values ($1, $2, $3) on conflict (symbol) do update set asset_class = excluded.asset_class returning instrument_id::int",
        [symbol, options.assetClass ?? "equity", options.mic ?? "XNYS"],
      ),
    body: (dataset = "bars", fetchedAt = "2030-01-01T00:00:00Z") =>
      db.value(
        `insert into ingest.raw_response (provider, dataset, subject, url, status, body, byte_count, sha256, fetched_at, run_id)
        select 'test', $1, 'TEST', 'file:test', 200, content, length(content), encode(sha256(content), 'hex'), $2, $3
        from (select convert_to($4, 'UTF8') as content) as body
        returning raw_response_id::int`,
        [dataset, fetchedAt, runId, `body ${++bodies}`],
      ),
    async candidateBars(instrumentId, bars, options = {}) {
      const bodyId = await self.body("bars", options.fetchedAt);
      await db.query(
        `insert into ingest.candidate_bar (raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close)
        select $1, bar.row_no, 'TEST', $2, $3, bar.date::timestamp at time zone 'UTC', bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar."adjustedClose"
        from rows from (json_to_recordset($4) as (
          date date, open float8, high float8, low float8, close float8, volume float8, "adjustedClose" float8
        )) with ordinality as bar (date, open, high, low, close, volume, "adjustedClose", row_no)`,
        [bodyId, instrumentId, options.interval ?? "1d", JSON.stringify(bars.map(whole))],
      );
      return bodyId;
    },
    async candidateFacts(instrumentId, facts) {
      const bodyId = await self.body("fundamentals");
      await db.query(
        `insert into ingest.candidate_fact (raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, form, accession, filed)
        select $1, fact.row_no, $2, fact.taxonomy, fact.concept, fact.unit, fact.start, fact."end", fact.value, fact.form, fact.accession, fact.filed
        from rows from (json_to_recordset($3) as (
          taxonomy text, concept text, unit text, start date, "end" date, value numeric, form text, accession text, filed date
        )) with ordinality as fact (taxonomy, concept, unit, start, "end", value, form, accession, filed, row_no)`,
        [bodyId, instrumentId, JSON.stringify(facts.map(wholeFact))],
      );
      return bodyId;
    },
    async bars(instrumentId, bars) {
      const bodyId = await self.body();
      await db.query(
        `insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close, known_from, provider, raw_response_id, run_id)
        select $1, bar.date::timestamp at time zone 'UTC', bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar."adjustedClose",
          bar.date::timestamp at time zone 'UTC', 'test', $2, $3
        from json_to_recordset($4) as bar (date date, open float8, high float8, low float8, close float8, volume float8, "adjustedClose" float8)`,
        [instrumentId, bodyId, runId, JSON.stringify(bars.map(whole))],
      );
    },
    async facts(instrumentId, facts) {
      const bodyId = await self.body("fundamentals");
      await db.query(
        `insert into market.company_fundamental (instrument_id, taxonomy, concept, unit, period_start, period_end, value, form, accession, filed, known_from, provider, raw_response_id, run_id)
        select $1, fact.taxonomy, fact.concept, fact.unit, fact.start, fact."end", fact.value, fact.form, fact.accession, fact.filed,
          fact.filed::timestamp at time zone 'UTC', 'test', $2, $3
        from json_to_recordset($4) as fact (taxonomy text, concept text, unit text, start date, "end" date, value numeric, form text, accession text, filed date)`,
        [instrumentId, bodyId, runId, JSON.stringify(facts.map(wholeFact))],
      );
    },
    async action(instrumentId, type, exDate, amount) {
      const bodyId = await self.body();
      await db.query(
        `insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, known_from, provider, raw_response_id, run_id)
        values ($1, $2, $3::date, $4, $5, $3::date, 'test', $6, $7)`,
        [instrumentId, type, exDate, amount, type === "dividend" ? "USD" : null, bodyId, runId],
      );
    },
    judge: (bodyId) =>
      db.query("select row_no::int as row, rules, reason from quality.validate_candidates($1, $2)", [runId, bodyId]),
    async validate(instrumentId, from) {
      await db.query("select from quality.validate($1, array[$2::bigint], $3)", [runId, instrumentId, from ?? null]);
      return outcomes("raw_response_id is null and instrument_id = $1", instrumentId);
    },
    verdicts: (bodyId) => outcomes("raw_response_id = $1", bodyId),
  };
  return self;
}

function whole(bar: Bar): Bar {
  const close = bar.close === undefined ? 100 : bar.close;
  const open = bar.open === undefined ? close : bar.open;
  return {
    open,
    close,
    high: Math.max(open ?? 0, close ?? 0),
    low: Math.min(open ?? Infinity, close ?? Infinity),
    volume: 1000,
    ...bar,
  };
}

function wholeFact(fact: Fact): Fact {
  return {
    taxonomy: "us-gaap",
    concept: "Assets",
    value: 100,
    unit: "USD",
    start: "2020-12-31",
    end: "2020-12-31",
    filed: "2021-01-31",
    form: "10-K",
    accession: "0000000000-21-000001",
    ...fact,
  };
}

/** The first `count` weekdays from a date on, one after the other, as ISO dates. Holidays do not matter where no calendar is asked. */
export function weekdays(from: string, count: number): string[] {
  const dates: string[] = [];
  for (const day = new Date(`${from}T00:00:00Z`); dates.length < count; day.setUTCDate(day.getUTCDate() + 1)) {
    if (day.getUTCDay() % 6 !== 0) dates.push(day.toISOString().slice(0, 10));
  }
  return dates;
}

/** The lines of a CSV file without quoted commas, as records by the names of its header; gunzipped where its name ends in .gz. */
export function readCsv(path: string): Record<string, string>[] {
  const bytes = readFileSync(path);
  const [header = "", ...lines] = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").trim().split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((value, i) => [names[i] ?? "", value])));
}

/** A number, or null for an empty field. */
export function numberOrNull(text: string | undefined): number | null {
  return text === undefined || text === "" ? null : Number(text);
}

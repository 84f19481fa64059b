import type { TestDatabase } from "../support/database.ts";

/** What `pipeline.normalise_response` said, with counts as numbers. */
export interface Normalisation extends Record<string, unknown> {
  outcome: string;
  rows: number;
  accepted: number;
  new: number;
  changed: number;
  quarantined: number;
  actions: number;
  actionsChanged: number;
  code: string | null;
  message: string | null;
}

/** What is landed, with what most tests do not care about left out. */
export interface Body {
  readonly provider: string;
  readonly dataset: string;
  readonly subject: string;
  readonly body: string | Buffer;
  readonly url?: string;
  readonly status?: number;
  readonly headers?: Record<string, unknown>;
  readonly fetchedAt?: string;
}

/** Opens a run to which everything of a test belongs. */
export async function openRun(db: TestDatabase): Promise<string> {
  return await db.value<string>("select pipeline.start_run('ingest', 'test')::text", [], "worker");
}

/** Lands a body, as the worker does. */
export async function land(db: TestDatabase, run: string, body: Body): Promise<{ id: string; is_new: boolean }> {
  const [landed] = await db.query<{ id: string; is_new: boolean }>(
    "select raw_response_id::text as id, is_new from ingest.land($1, $2, $3, $4, $5, 'GET', $6, $7, 'application/json', $8, $9)",
    [
      run, body.provider, body.dataset, body.subject, body.url ?? `https://provider.example/${body.subject}`, body.status ?? 200,
      JSON.stringify(body.headers ?? {}), Buffer.from(body.body), body.fetchedAt ?? "2026-11-24T12:00:00Z",
    ],
    "worker",
  );
  if (landed === undefined) throw new Error("nothing was landed");
  return landed;
}

/** Makes market data of a landed body, as the worker does. */
export async function normalise(db: TestDatabase, run: string, id: string): Promise<Normalisation> {
  const [row] = await db.query<Normalisation>(
    `select outcome, row_count::int as rows, accepted_count::int as accepted, new_count::int as new, changed_count::int as changed,
       quarantined_count::int as quarantined, action_count::int as actions, action_changed_count::int as "actionsChanged", error_code as code, message
     from pipeline.normalise_response($1, $2)`,
    [run, id],
    "worker",
  );
  if (row === undefined) throw new Error("nothing was normalised");
  return row;
}

/** Both at once. */
export async function bring(db: TestDatabase, run: string, body: Body): Promise<Normalisation> {
  return await normalise(db, run, (await land(db, run, body)).id);
}

/** A CSV of daily bars from rows of date and close; the other prices lie around the close. */
export function barsCsv(rows: readonly (readonly [date: string, close: number])[]): string {
  return ["date,open,high,low,close,volume", ...rows.map(([date, close]) => `${date},${close},${close + 1},${close - 1},${close},1000`)].join("\n");
}

/** A chart of Yahoo, of bars with one price each and the events that it lists. */
export function yahooChart(symbol: string, bars: readonly (readonly [day: string, price: number, volume?: number])[], events: Record<string, unknown>): string {
  const open = (day: string) => Date.parse(`${day}T14:30:00Z`) / 1000;
  const dated = Object.fromEntries(
    Object.entries(events).map(([kind, list]) => [
      kind,
      Object.fromEntries((list as Record<string, unknown>[]).map(({ day, ...event }) => [open(day as string), { date: open(day as string), ...event }])),
    ]),
  );
  const price = bars.map(([, close]) => close);
  return JSON.stringify({
    chart: {
      result: [{
        meta: { symbol, currency: "USD", exchangeName: "NMS", instrumentType: "EQUITY", exchangeTimezoneName: "America/New_York", dataGranularity: "1d" },
        timestamp: bars.map(([day]) => open(day)),
        events: dated,
        indicators: { quote: [{ open: price, high: price, low: price, close: price, volume: bars.map(([, , volume]) => volume ?? 700) }] },
      }],
      error: null,
    },
  });
}

import type { TestDatabase } from "../../../db/tests/support/database.ts";
import { startGraphqlServer, type GraphqlServer } from "../server.ts";

/** What GraphQL answers. */
export interface Answer {
  readonly status: number;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly path?: readonly string[]; readonly extensions?: Readonly<Record<string, unknown>> }[];
  /** The body as it came. */
  readonly text: string;
  readonly milliseconds: number;
}

/** A server on a test database, and a way to ask it. */
export interface Api {
  readonly server: GraphqlServer;
  /** What the server wrote into its log. */
  readonly log: string[];
  ask(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Answer>;
  post(body: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Starts the API on a free port; it is closed before the database goes away. */
export async function startApi(test: { teardown(action: () => Promise<void>): void }, db: TestDatabase, { redisUrl, ...options }: { statementMilliseconds?: number; redisUrl?: string } = {}): Promise<Api> {
  const log: string[] = [];
  const server = await startGraphqlServer({
    urlFor: (purpose) => db.url(purpose),
    config: { host: "127.0.0.1", port: 5678, redisUrl },
    port: "0",
    onMessage: (message) => log.push(message),
    ...options,
  });
  test.teardown(() => server.close());
  const post = async (body: string, headers: Readonly<Record<string, string>> = { "content-type": "application/json" }): Promise<Answer> => {
    const started = performance.now();
    const response = await fetch(`${server.url}/graphql`, { method: "POST", headers, body });
    const text = await response.text();
    const milliseconds = performance.now() - started;
    const parsed = text.startsWith("{") ? (JSON.parse(text) as Pick<Answer, "data" | "errors">) : {};
    return { status: response.status, ...parsed, text, milliseconds };
  };
  return { server, log, post, ask: (query, variables = {}) => post(JSON.stringify({ query, variables })) };
}

/** A run, an exchange, two instruments and as many daily bars of each as asked, written as the owner. */
export async function seedBars(db: TestDatabase, bars: number): Promise<void> {
  await db.query("insert into pipeline.pipeline_run (flow, step, status) values ('test', 'test', 'running')");
  await db.query("insert into market.exchange (mic, name, time_zone, country) values ('XTST', 'Test', 'UTC', 'US')");
  await db.query("insert into market.instrument (symbol, mic) values ('ONE', 'XTST'), ('TWO', 'XTST')");
  await db.query("insert into ingest.provider (provider, title, priority, terms) values ('test', 'Test', 9999, 'none')");
  await db.query(`insert into ingest.raw_response (provider, dataset, subject, url, status, body, byte_count, sha256, fetched_at, run_id)
    select 'test', 'bars', 'ONE', 'file:one', 200, 'x', 1, encode(sha256('x'), 'hex'), now(), run_id from pipeline.pipeline_run`);
  await db.query(
    `insert into market.price_data (instrument_id, ts, session_date, open, high, low, close, volume, known_from, provider, raw_response_id, run_id)
     select i.instrument_id, d at time zone 'UTC', d::date, 1, 2, 0.5, 1.5, 10, d at time zone 'UTC', 'test', r.raw_response_id, r.run_id
     from market.instrument i, ingest.raw_response r, generate_series(timestamp '2010-01-01', timestamp '2010-01-01' + ($1 - 1) * interval '1 day', '1 day') d
     where i.symbol in ('ONE', 'TWO')`,
    [bars],
  );
}

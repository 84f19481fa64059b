import pg from "pg";

/** How the one pool of a process is made. */
export interface PoolOptions {
  /** Most connections at once; a process of ours has one pool, so this is its share of the server. */
  readonly max?: number;
  /** Shown in pg_stat_activity. */
  readonly name?: string;
  /** Idle connections are closed after this time. */
  readonly idleMilliseconds?: number;
  /** Longest wait for a connection; default ten seconds. */
  readonly connectMilliseconds?: number;
  /** Set on each connection before it is used, such as the role. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Hears of connections that break while nobody uses them; the pool replaces them by itself. */
  readonly onError?: (error: Error) => void;
}

/**
 * Opens the pool of this process. Waiting for a connection ends after ten seconds unless asked otherwise, a silent connection is probed, and a connection that
 * breaks while idle is replaced instead of ending the process. The limits on statements and transactions are those of the role.
 */
export function createPool(url: string, options: PoolOptions = {}): pg.Pool {
  const settings = Object.entries(options.settings ?? {});
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.name ?? "marketbase",
    connectionTimeoutMillis: options.connectMilliseconds ?? 10_000,
    idleTimeoutMillis: options.idleMilliseconds ?? 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // A connection on which a setting is refused is not used.
    onConnect: async (client) => {
      if (settings.length === 0) return;
      await client.query("select set_config(name, value, false) from unnest($1::text[], $2::text[]) as setting (name, value)", [
        settings.map(([name]) => name),
        settings.map(([, value]) => value),
      ]);
    },
  });
  const heard = options.onError ?? (() => undefined);
  pool.on("error", heard);
  // Between two queries of a checked-out client nobody listens: without this the event would end the process.
  pool.on("connect", (client) => client.on("error", heard));
  return pool;
}

/** Something that runs queries: the pool, or the client of a transaction. */
export interface Queryable {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
}

/** The rows of a query. */
export async function rows<R extends pg.QueryResultRow = Record<string, unknown>>(on: Queryable, text: string, values?: unknown[]): Promise<R[]> {
  return (await on.query<R>(text, values)).rows;
}

/** The only row of a query; anything else is an error. */
export async function one<R extends pg.QueryResultRow = Record<string, unknown>>(on: Queryable, text: string, values?: unknown[]): Promise<R> {
  const result = await rows<R>(on, text, values);
  const [first] = result;
  if (result.length !== 1 || first === undefined) throw new Error(`one row was expected and ${result.length} came: ${text}`);
  return first;
}

/** The only value of the only row of a query. */
export async function value<T>(on: Queryable, text: string, values?: unknown[]): Promise<T> {
  return Object.values(await one(on, text, values))[0] as T;
}

import pg from "pg";

/** The first value of a query, on a connection of its own. */
export async function ask<T>(url: string, sql: string): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, T>>(sql)).rows[0] ?? {})[0] as T;
  } finally {
    await client.end();
  }
}

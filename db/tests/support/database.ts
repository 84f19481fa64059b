import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";
import { connect } from "../../../runner/database/connect.ts";
import type { Purpose } from "../../../runner/database/connections.ts";
import { createPool } from "../../../runner/database/pool.ts";
import { templateDatabase, useTestCluster, type TestCluster } from "../../../runner/testing/cluster.ts";

/** What the server said when it refused. */
export interface Refusal {
  readonly code: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

/** A database of a test's own: a copy of the template, dropped at the end of the test. */
export interface TestDatabase {
  readonly name: string;
  /** The URL for a purpose, for programs that open their own connections. */
  url(purpose: Purpose): string;
  /** The pool for a purpose, opened when first asked for. */
  pool(purpose: Purpose): pg.Pool;
  readonly owner: pg.Pool;
  readonly worker: pg.Pool;
  readonly reader: pg.Pool;
  readonly analyst: pg.Pool;
  readonly auditor: pg.Pool;
  readonly author: pg.Pool;
  /** The rows of a query, as the owner unless another purpose is named. */
  query<R extends pg.QueryResultRow = Record<string, unknown>>(sql: string, values?: unknown[], purpose?: Purpose): Promise<R[]>;
  /** The single value of a query. */
  value<T>(sql: string, values?: unknown[], purpose?: Purpose): Promise<T>;
  /** Runs a query that must be refused, and says how it was; an accepted one is an error. */
  refused(sql: string, values?: unknown[], purpose?: Purpose): Promise<Refusal>;
}

/** What of a tap test is needed here. */
interface Test {
  teardown(action: () => Promise<void>): void;
  pass(message: string, extra: { skip: string }): unknown;
  fail(message: string): unknown;
}

/** What all databases of a file share. */
interface Opened {
  readonly cluster: TestCluster;
  readonly template: string;
  /** The superuser's connection: opening one costs as much as copying the template. */
  readonly admin: pg.Client;
}

let opened: Promise<Opened> | undefined;
let count = 0;

/** A fresh database for a test. It has the migrations, the functions and the seed rows, and nothing else. */
export async function testDatabase(test: Test): Promise<TestDatabase> {
  opened ??= open();
  const { cluster: { urlFor }, template, admin } = await opened;
  const name = `mb_test_${process.pid}_${++count}`;
  const pools = new Map<Purpose, pg.Pool>();
  await admin.query(`create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)} strategy file_copy`);
  test.teardown(async () => {
    await Promise.all([...pools.values()].map((pool) => pool.end()));
    await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
  });
  await grantLike(admin, template, name);

  const pool = (purpose: Purpose) => {
    const existing = pools.get(purpose);
    if (existing !== undefined) return existing;
    const made = createPool(urlFor(purpose, name), { max: 5, name: "test" });
    pools.set(purpose, made);
    return made;
  };
  return {
    name,
    url: (purpose) => urlFor(purpose, name),
    pool,
    get owner() {
      return pool("migrator");
    },
    get worker() {
      return pool("worker");
    },
    get reader() {
      return pool("reader");
    },
    get analyst() {
      return pool("analyst");
    },
    get auditor() {
      return pool("auditor");
    },
    get author() {
      return pool("author");
    },
    query: (sql, values, purpose = "migrator") => rowsOf(pool(purpose), sql, values),
    value: async <T>(sql: string, values?: unknown[], purpose: Purpose = "migrator") => {
      const result = await rowsOf(pool(purpose), sql, values);
      const [first] = result;
      if (result.length !== 1 || first === undefined) throw new Error(`one row was expected and ${result.length} came: ${sql}`);
      return Object.values(first)[0] as T;
    },
    refused: async (sql, values, purpose = "migrator") => {
      try {
        await rowsOf(pool(purpose), sql, values);
      } catch (error) {
        if (error instanceof pg.DatabaseError) return { code: error.code, message: error.message, hint: error.hint };
        throw error;
      }
      throw new Error(`the server accepted what it should refuse: ${sql}`);
    },
  };
}

/**
 * The path of a file of the shared test data, which lies beside the checkout. Where it is absent the test is skipped, visibly, and
 * undefined is returned; with `CI=true` its absence is a failure.
 */
export function shared(test: Test, path: string): string | undefined {
  const full = join(repositoryRoot, "../shared/data", path);
  if (existsSync(full)) return full;
  const message = `the shared test data ${path} is not beside the checkout`;
  if (process.env["CI"] === "true") test.fail(message);
  else test.pass(path, { skip: message });
  return undefined;
}

async function open(): Promise<Opened> {
  const cluster = await useTestCluster("test");
  t.teardown(() => cluster.server.release());
  const template = await templateDatabase(cluster);
  const admin = await connect(cluster.urlFor("admin", "postgres"), "test");
  t.teardown(async () => {
    opened = undefined;
    await admin.end();
  });
  return { cluster, template, admin };
}

/** Gives a copy the owner and the grants of its template: `create database` copies neither. */
async function grantLike(admin: pg.Client, template: string, copy: string): Promise<void> {
  const { rows } = await admin.query<{ statement: string }>(
    `select format('alter database %I owner to %s', $2::text, datdba::regrole::text) as statement from pg_database where datname = $1
     union all
     select format('revoke all on database %I from public', $2::text)
     union all
     select format('grant %s on database %I to %s', string_agg(privilege_type, ', '), $2::text, case grantee when 0 then 'public' else grantee::regrole::text end)
     from pg_database, aclexplode(datacl) where datname = $1 and grantee <> datdba group by grantee`,
    [template, copy],
  );
  await admin.query(rows.map(({ statement }) => statement).join(";"));
}

/** The rows of a query. The connection outlives a refusal: `pool.query` would close it, and opening one costs more than most queries. */
async function rowsOf<R extends pg.QueryResultRow>(pool: pg.Pool, sql: string, values?: unknown[]): Promise<R[]> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<R>(sql, values);
    client.release();
    return rows;
  } catch (error) {
    await client.query("rollback").then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}

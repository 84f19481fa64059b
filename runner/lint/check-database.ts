import pg from "pg";
import { withConnection } from "../database/connect.ts";
import { repositoryLayout } from "../database/layout.ts";
import { grantDatabase } from "../database/prepare.ts";
import { templateDatabase, useTestCluster } from "../testing/cluster.ts";
import type { UrlFor } from "../database/connections.ts";

/** Runs `work` on a database that has the SQL of this checkout and nothing else: a copy of the tests' template, dropped afterwards. */
export async function withCheckDatabase<T>(
  what: string,
  onProgress: (message: string) => void,
  work: (urlFor: (purpose: Parameters<UrlFor>[0]) => string, client: pg.Client) => Promise<T>,
): Promise<T> {
  const cluster = await useTestCluster(what, onProgress);
  const { urlFor } = cluster;
  const name = `mb_check_${process.pid}`;
  try {
    onProgress("building the database");
    const template = await templateDatabase(cluster);
    await withConnection(urlFor("admin", "postgres"), (admin) => admin.query(`create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)} strategy file_copy`));
    try {
      await withConnection(urlFor("admin", name), (admin) => grantDatabase(admin, repositoryLayout));
      return await withConnection(urlFor("migrator", name), (client) => work((purpose) => urlFor(purpose, name), client));
    } finally {
      await withConnection(urlFor("admin", "postgres"), (admin) => admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`));
    }
  } finally {
    await cluster.server.release();
  }
}

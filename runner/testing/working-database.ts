import pg from "pg";
import { connectionUrls, type UrlFor } from "../database/connections.ts";
import { withConnection } from "../database/connect.ts";
import type { TestCluster } from "./cluster.ts";

let count = 0;

/** A database that a test makes itself, and URLs that lead to it; dropped at the end. */
export function workingDatabase(cluster: TestCluster, test: { teardown(action: () => Promise<void>): unknown }): { urlFor: UrlFor; database: string } {
  const database = `mb_working_${process.pid}_${++count}`;
  test.teardown(() =>
    withConnection(cluster.urlFor("admin", "postgres"), async (admin) => {
      await admin.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
    }),
  );
  return { urlFor: connectionUrls(cluster.urlFor("admin", database), cluster.server.secrets), database };
}

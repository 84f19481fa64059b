import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { repositoryRoot } from "../config/config.ts";
import { withConnection } from "../database/connect.ts";
import { connectionUrls, type UrlFor } from "../database/connections.ts";
import { buildDatabase, writeFunctionsFile } from "../database/include.ts";
import { contentHash, repositoryLayout, type Layout } from "../database/layout.ts";
import { prepareRoles, withPrepareLock } from "../database/prepare.ts";
import { testSettings, useEmbeddedServer, type EmbeddedServer } from "../embedded/server.ts";

/** The server of the tests: apart from the one that holds data, and quick because nothing on it has to survive. */
export interface TestCluster {
  readonly server: EmbeddedServer;
  readonly urlFor: UrlFor;
}

/** The folder of this checkout's test server. */
export function testClusterHome(): string {
  return join(realpathSync(tmpdir()), `marketbase-test-${createHash("sha256").update(repositoryRoot).digest("hex").slice(0, 12)}`);
}

/** Starts or adopts the test server. The last process that releases it stops it. */
export async function useTestCluster(what: string, onProgress?: (message: string) => void): Promise<TestCluster> {
  const server = await useEmbeddedServer({ home: testClusterHome(), settings: testSettings, what, ...(onProgress === undefined ? {} : { onProgress }) });
  const admin = `postgres://postgres:${server.secrets.superuser}@127.0.0.1:${server.port}/postgres`;
  return { server, urlFor: connectionUrls(admin, server.secrets) };
}

/**
 * The template database for the SQL of this checkout, built when it does not exist yet; others who ask meanwhile wait.
 * Building it also writes the generated file of the current migration.
 */
export async function templateDatabase({ server, urlFor }: TestCluster, layout: Layout = repositoryLayout): Promise<string> {
  const hash = contentHash(layout);
  const name = `mb_template_${hash}`;
  await withConnection(urlFor("admin", "postgres"), (admin) =>
    withPrepareLock(admin, async () => {
      const { rows } = await admin.query<{ datname: string }>("select datname from pg_database where datname like 'mb\\_template\\_%'");
      if (rows.some(({ datname }) => datname === name)) return;
      const { migrator, worker, authenticator } = server.secrets;
      await prepareRoles(admin, layout, { migrator, worker, authenticator });
      const draft = `mb_build_${hash}`;
      writeFunctionsFile(layout, await buildDatabase(urlFor, draft, layout));
      await admin.query(`alter database ${pg.escapeIdentifier(draft)} rename to ${pg.escapeIdentifier(name)}`);
      await admin.query(`alter database ${pg.escapeIdentifier(name)} allow_connections false`);
      for (const { datname } of rows) await admin.query(`drop database if exists ${pg.escapeIdentifier(datname)}`).catch(() => undefined);
    }),
  );
  return name;
}

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../config/config.ts";

/** Where the SQL of the database lies. */
export interface Layout {
  /** Holds `committed/`, `current/` and the link `fixtures`. */
  readonly migrations: string;
  /** One object per file. */
  readonly functions: string;
  /** `roles.sql` and `database.sql`. */
  readonly roles: string;
}

/** The layout of this checkout. */
export const repositoryLayout: Layout = {
  migrations: join(repositoryRoot, "db/migrations"),
  functions: join(repositoryRoot, "sql-functions"),
  roles: join(repositoryRoot, "db/roles"),
};

/** A file of SQL: its path below the folder it was found in, with forward slashes, and its text. */
export interface SqlFile {
  readonly path: string;
  readonly sql: string;
}

/** The generated file of `current/` that includes the changed functions. */
export const FUNCTIONS_FILE = "900-functions.sql";

/** Every object of `sql-functions`, by path. */
export function functionFiles(layout: Layout): SqlFile[] {
  return readdirSync(layout.functions, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sql"))
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => ({ path, sql: readFileSync(join(layout.functions, path), "utf8") }));
}

/** The committed migrations, in order. */
export function committedFiles(layout: Layout): SqlFile[] {
  return numberedFiles(join(layout.migrations, "committed"));
}

/** The hand-written files of the current migration, in order; blank ones do not count. */
export function currentFiles(layout: Layout): SqlFile[] {
  return numberedFiles(join(layout.migrations, "current")).filter(({ path, sql }) => path !== FUNCTIONS_FILE && !isBlank(sql));
}

/** Whether there is nothing to apply beyond what is committed. */
export function currentIsBlank(layout: Layout): boolean {
  return numberedFiles(join(layout.migrations, "current")).every(({ sql }) => isBlank(sql));
}

/** A name for everything that a database is built from: same name, same database. */
export function contentHash(layout: Layout): string {
  const hash = createHash("sha256");
  const roles = ["roles.sql", "database.sql"].map((path) => ({ path, sql: readFileSync(join(layout.roles, path), "utf8") }));
  for (const { path, sql } of [...roles, ...committedFiles(layout), ...currentFiles(layout), ...functionFiles(layout)]) {
    hash.update(`${path}\0${sql}\0`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** The number that a migration file begins with. */
export function fileNumber(path: string): number {
  return Number.parseInt(path, 10);
}

/** The paths that a file of SQL includes. */
export function includedPaths(sql: string): string[] {
  return [...sql.matchAll(/^--![ \t]*include[ \t]+(.*\.sql)[ \t]*$/gm)].map(([, path]) => path ?? "");
}

/** The last text that the committed migrations hold of each file of `sql-functions`. */
export function embeddedFunctions(committed: readonly SqlFile[]): Map<string, string> {
  const embedded = new Map<string, string>();
  for (const { sql } of committed) {
    for (const [, path, text] of sql.matchAll(/^--! Included (\S+)\n([\s\S]*?)\n?^--! EndIncluded \1$/gm)) {
      if (path !== undefined && text !== undefined) embedded.set(path, text.trim());
    }
  }
  return embedded;
}

function numberedFiles(folder: string): SqlFile[] {
  return readdirSync(folder)
    .filter((name) => /^\d+(-[-\w]*)?\.sql$/.test(name))
    .sort((a, b) => fileNumber(a) - fileNumber(b))
    .map((path) => ({ path, sql: readFileSync(join(folder, path), "utf8") }));
}

/** Only comments and headers (`--! Message: …`), no statement and no include. */
function isBlank(sql: string): boolean {
  return sql.split("\n").every((line) => /^\s*(--(?!!).*|--! [A-Z]\w*(:.*)?)?$/.test(line));
}

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryLayout, type Layout } from "../database/layout.ts";
import { temporaryFolder } from "./folder.ts";

/** A layout of a test's own, laid out like the repository, with a way to write and delete its files. */
export interface TrialLayout extends Layout {
  write(path: string, sql: string): void;
  remove(path: string): void;
}

/** An empty layout below a temporary folder, with the roles of the repository. */
export function trialLayout(test: { teardown(action: () => void): unknown }): TrialLayout {
  const folder = temporaryFolder(test);
  for (const path of ["db/migrations/committed", "db/migrations/current", "sql-functions"]) mkdirSync(join(folder, path), { recursive: true });
  symlinkSync("../../sql-functions", join(folder, "db/migrations/fixtures"));
  return {
    migrations: join(folder, "db/migrations"),
    functions: join(folder, "sql-functions"),
    roles: repositoryLayout.roles,
    write: (path, sql) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), sql);
    },
    remove: (path) => rmSync(join(folder, path)),
  };
}

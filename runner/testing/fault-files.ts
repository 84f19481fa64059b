import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../config/config.ts";

/** The test files of the faults F1 to F20, as the README of the faults lists them (which db/tests/faults/index.test.ts holds to the truth). */
export function faultFiles(): string[] {
  const lines = readFileSync(join(repositoryRoot, "db/tests/faults/README.md"), "utf8").split("\n");
  const files = lines.filter((line) => /^\| F(\d|1\d|20) /.test(line)).flatMap((line) => line.match(/[\w./-]+\.test\.ts/g) ?? []);
  return [...new Set(files)].sort();
}

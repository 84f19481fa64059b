import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../../../runner/config/config.ts";

/** The faults that are promised: what must not happen when they do is in the README of this folder. */
const faults = [...Array.from({ length: 20 }, (_, at) => `F${at + 1}`), "F24", "F26"];

t.test("every fault has a test that is named after it, and the README says in which file", (t) => {
  const files = ["db/tests", "runner"].flatMap((folder) =>
    readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".test.ts")).map((path) => join(folder, path)));
  const covered = new Map<string, string[]>();
  for (const file of files) {
    if (file.startsWith("db/tests/faults/")) {
      for (const test of readFileSync(join(repositoryRoot, file), "utf8").split(/^t\.test\(/m).slice(1)) {
        const name = /F\d+(?:, F\d+)*/.exec(test)?.[0];
        if (name !== undefined && file !== "db/tests/faults/index.test.ts") t.match(test, /checkInvariants\(t|afterwards\(\)/, `${name} ends with what must hold after every fault`);
      }
    }
    for (const [, names = ""] of readFileSync(join(repositoryRoot, file), "utf8").matchAll(/\bt\.test\(\s*["'`]((?:F\d+(?:, )?)+):/g)) {
      for (const name of names.split(", ")) covered.set(name, [...(covered.get(name) ?? []), file]);
    }
  }
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8").split("\n");
  for (const fault of faults) {
    const homes = [...new Set(covered.get(fault) ?? [])];
    t.ok(homes.length > 0, `${fault} is tested`);
    const line = readme.find((text) => text.startsWith(`| ${fault} `)) ?? "";
    for (const file of homes) t.ok(line.includes(file), `${fault}: the README names ${file}`);
  }
  t.end();
});

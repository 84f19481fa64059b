import { existsSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { createPool } from "../database/pool.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { defectFiles, families, type Family } from "./defects/files.ts";
import { judgeDefects } from "./defects/judge.ts";

/** Real files with known defects, where they lie beside the checkout. */
const folder = join(repositoryRoot, "../shared/data/defects");

interface Counts {
  wrong: number;
  found: number;
  falseAlarms: number;
}

/** Recall and precision of the rules of bars over real files: what is wrong is taken from the repaired twin of each. */
async function run({ database, progress }: BenchmarkContext): Promise<BenchmarkResult> {
  if (!existsSync(folder)) {
    return { rows: [], notes: ["Nothing was measured: the files of defects lie in ../shared/data/defects beside the checkout, and that folder is not there."] };
  }
  const files = defectFiles(folder);
  const pool = createPool(database.urlFor("migrator"), { name: "marketbase bench", max: 1 });
  try {
    const { defective, clean } = await progress.run("judge files", (step) => {
      step.total(files.length);
      return judgeDefects(pool, files, () => step.advance(1));
    }, () => `${files.length} files`);
    const raw: Row[] = [];
    const totals = new Map<Family, Counts>(families.map((family) => [family, { wrong: 0, found: 0, falseAlarms: 0 }]));
    const rows = defective.map(({ file, family, rows: wrong, falseAlarms, refused }) => {
      const found = wrong.filter(({ rules }) => rules.length > 0).length;
      const total = totals.get(family) as Counts;
      total.wrong += wrong.length;
      total.found += found;
      total.falseAlarms += falseAlarms.length;
      for (const { date, what, rules, message } of wrong) {
        raw.push({ file: file.name, date, verdict: rules.length > 0 ? "found" : "missed", rule: rules.join(", "), detail: message || `wrong in ${what.join(", ")}` });
      }
      raw.push(...falseAlarms.map(({ date, rule, message }) => ({ file: file.name, date, verdict: "false alarm", rule, detail: message })));
      return { file: file.name, family, rows: file.bars.length, wrong: wrong.length, found, missed: wrong.length - found, "false alarms": falseAlarms.length, refused: refused.length };
    });
    raw.push(...clean.flatMap(({ file, alarms }) => alarms.map(({ date, rule, message }) => ({ file: file.name, date, verdict: "false alarm", rule, detail: message }))));
    const quiet = clean.map(({ file, alarms, refused }) => ({
      file: file.name, rows: file.bars.length, "false alarms": alarms.length, refused: refused.length, rules: [...new Set(alarms.map(({ rule }) => rule))].join(", "),
    }));
    const alarmsOnClean = clean.reduce((sum, { alarms }) => sum + alarms.length, 0);
    const all = { wrong: 0, found: 0, falseAlarms: alarmsOnClean };
    for (const { wrong, found, falseAlarms } of totals.values()) {
      all.wrong += wrong;
      all.found += found;
      all.falseAlarms += falseAlarms;
    }
    return {
      rows,
      tables: [
        { title: "Files without a defect: every alarm is false", rows: quiet },
        { title: "Recall and precision", rows: [...[...totals].map(([family, counts]) => summary(family, counts)), summary("in all, with the clean files", all)] },
        { title: "Missed and false, row by row", rows: raw.filter(({ verdict }) => verdict !== "found") },
      ],
      notes: [
        "A row is wrong where it differs from the repaired file in a dividend or split, or in what it says of the change of price or adjustment since the row before.",
        "Found means named, at that row, by a rule that is about such a defect. An alarm of any rule of prices at a row that equals the repaired one is false.",
        "Refused are bars that lack a price or contradict themselves (a close outside of low and high), which repaired files have too; what is wrong on such a day is looked for at the next bar.",
      ],
      raw,
    };
  } finally {
    await pool.end();
  }
}

function summary(family: string, { wrong, found, falseAlarms }: Counts): Row {
  return {
    family, wrong, found, "false alarms": falseAlarms,
    recall: wrong === 0 ? "-" : (found / wrong).toFixed(3), precision: found + falseAlarms === 0 ? "-" : (found / (found + falseAlarms)).toFixed(3),
  };
}

/** What `npm run bench defects` runs. */
export const benchmark: Benchmark = { name: "defects", summary: "find the real defects in served prices, and nothing else", run };

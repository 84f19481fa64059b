import { existsSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { createPool } from "../database/pool.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { defectFiles, differentDates, families, wrongRows, type DefectFile, type Family } from "./defects/files.ts";
import { importDefects, startImport, type Alarm } from "./defects/import.ts";

/** Real files with known defects, where they lie beside the checkout. */
const folder = join(repositoryRoot, "../shared/data/defects");

/** The rules that name a defect of a family. */
const rulesOf: Readonly<Record<Family, readonly string[]>> = {
  unit: ["price_unit_consistent"],
  split: ["price_split_consistent", "price_unit_consistent"],
  dividend: ["price_adjusted_close_consistent", "price_dividend_plausible", "price_dividend_scale", "price_dividend_once"],
  "capital gain": ["price_adjusted_close_consistent", "price_dividend_plausible", "price_dividend_scale", "price_dividend_once"],
};

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
  const byName = new Map(files.map((file) => [file.name, file]));
  const pool = createPool(database.urlFor("migrator"), { name: "marketbase bench", max: 1 });
  try {
    const runId = await startImport(pool);
    const judged = await progress.run("judge files", async (step) => {
      step.total(files.length);
      const found: { file: DefectFile; alarms: Alarm[] }[] = [];
      for (const file of files) {
        found.push({ file, alarms: (await importDefects(pool, runId, file)).alarms });
        step.advance(1);
      }
      return found;
    }, (found) => `${found.length} files`);

    const rows: Row[] = [];
    const clean: Row[] = [];
    const raw: Row[] = [];
    const totals = new Map<Family, Counts>(families.map((family) => [family, { wrong: 0, found: 0, falseAlarms: 0 }]));
    let alarmsOnClean = 0;
    for (const { file, alarms } of judged) {
      if (file.isClean || file.family === undefined) {
        alarmsOnClean += alarms.length;
        clean.push({ file: file.name, rows: file.bars.length, "false alarms": alarms.length, rules: [...new Set(alarms.map(({ rule }) => rule))].join(", ") });
        raw.push(...alarms.map((alarm) => ({ file: file.name, date: alarm.date, verdict: "false alarm", rule: alarm.rule, detail: alarm.message })));
        continue;
      }
      const repaired = byName.get(`${file.name}-fixed`);
      if (repaired === undefined) throw new Error(`${file.name} has no repaired twin.`);
      const wrong = wrongRows(file.bars, repaired.bars);
      const dates = new Set([...wrong.map(({ date }) => date), ...differentDates(file.bars, repaired.bars)]);
      const naming = rulesOf[file.family];
      const missed = wrong.filter(({ date }) => !alarms.some((alarm) => alarm.date === date && naming.includes(alarm.rule)));
      const falseAlarms = alarms.filter(({ date }) => !dates.has(date));
      const total = totals.get(file.family) as Counts;
      total.wrong += wrong.length;
      total.found += wrong.length - missed.length;
      total.falseAlarms += falseAlarms.length;
      rows.push({
        file: file.name, family: file.family, rows: file.bars.length, wrong: wrong.length, found: wrong.length - missed.length, missed: missed.length,
        "false alarms": falseAlarms.length,
      });
      for (const { date, what } of wrong) {
        const by = alarms.filter((alarm) => alarm.date === date && naming.includes(alarm.rule));
        raw.push({ file: file.name, date, verdict: by.length > 0 ? "found" : "missed", rule: by.map(({ rule }) => rule).join(", "), detail: by[0]?.message ?? `wrong in ${what.join(", ")}` });
      }
      raw.push(...falseAlarms.map((alarm) => ({ file: file.name, date: alarm.date, verdict: "false alarm", rule: alarm.rule, detail: alarm.message })));
    }
    const all = { wrong: 0, found: 0, falseAlarms: alarmsOnClean };
    for (const { wrong, found, falseAlarms } of totals.values()) {
      all.wrong += wrong;
      all.found += found;
      all.falseAlarms += falseAlarms;
    }
    return {
      rows,
      tables: [
        { title: "Files without a defect: every alarm is false", rows: clean },
        { title: "Recall and precision", rows: [...[...totals].map(([family, counts]) => summary(family, counts)), summary("in all, with the clean files", all)] },
        { title: "Missed and false, row by row", rows: raw.filter(({ verdict }) => verdict !== "found") },
      ],
      notes: [
        "A row is wrong where it differs from the repaired file in a dividend or split, or in what it says of the change of price or adjustment since the row before.",
        "Found means named, at that row, by a rule that is about such a defect. An alarm of any rule at a row that equals the repaired one is false.",
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

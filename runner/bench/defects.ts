import { existsSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../config/config.ts";
import { createPool } from "../database/pool.ts";
import type { Benchmark, BenchmarkContext, BenchmarkResult, Row } from "./benchmark.ts";
import { defectFiles, families, type Family } from "./defects/files.ts";
import { judgeDefects } from "./defects/judge.ts";
import { judgePlanted } from "./defects/planted.ts";
import { halves } from "./defects/series.ts";
import { plantedTables } from "./defects/tables.ts";

/** Real data, where it lies beside the checkout: files with known defects, and prices in which defects are planted. */
const shared = join(repositoryRoot, "../shared/data");
const folder = join(shared, "defects");
/** Clean series of each kind, and defects of each kind, in each half. */
const SERIES = 4;
const DEFECTS = 8;

interface Counts {
  wrong: number;
  found: number;
  falseAlarms: number;
}

/**
 * Recall and precision of the rules of bars: over real files, where what is wrong is taken from the repaired twin of each, and over defects planted in series
 * that count as right, half of which nobody looked at when the rules were set.
 */
async function run({ database, progress, scale }: BenchmarkContext): Promise<BenchmarkResult> {
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
    const { clean: sound, planted } = existsSync(join(shared, "prices/sp500_5yr.csv.gz"))
      ? await progress.run("judge planted defects", (step) => judgePlanted(pool, shared, {
          series: Math.max(1, Math.round(SERIES * scale)), defects: Math.max(1, Math.round(DEFECTS * scale)), onStep: (judged) => step.advance(judged),
        }), (judged) => `${judged.clean.length} clean series, ${judged.planted.length} with a defect`)
      : { clean: [], planted: [] };
    raw.push(...planted.flatMap(({ half, kind, series, rows: wrong, falseAlarms }) => [
      ...wrong.map(({ date, rules }) => ({
        file: `planted, ${half}: ${series.symbol} ${series.kind}`, date, verdict: rules.length > 0 ? "found" : "missed", rule: rules.join(", "), detail: kind.name,
      })),
      ...falseAlarms.map(({ date, rule, message }) => ({ file: `planted, ${half}: ${series.symbol} ${series.kind}`, date, verdict: "false alarm", rule, detail: `${kind.name}: ${message}` })),
    ]));
    return {
      rows,
      tables: [
        { title: "Files without a defect: every alarm is false", rows: quiet },
        { title: "Recall and precision", rows: [...[...totals].map(([family, counts]) => summary(family, counts)), summary("in all, with the clean files", all)] },
        { title: "Missed and false, row by row", rows: raw.filter(({ file, verdict }) => verdict !== "found" && !String(file).startsWith("planted")) },
        ...plantedTables(sound, planted, halves),
      ],
      notes: [
        "A row is wrong where it differs from the repaired file in a dividend or split, or in what it says of the change of price or adjustment since the row before.",
        "Found means named, at that row, by a rule that is about such a defect. An alarm of any rule of prices at a row that equals the repaired one is false.",
        "Refused are bars that lack a price or contradict themselves (a close outside of low and high), which repaired files have too; what is wrong on such a day is looked for at the next bar.",
        "Planted: defects of each kind at places and of sizes from seeds, in files that were served clean, indices, and prices of the S&P 500 made into other kinds of series. Rules were set by the tuning half; no symbol is in both.",
        "An alarm at a bar that was not touched and that the clean series does not raise is false. Alarms on clean series are counted by themselves; the prices of the S&P 500 and served files have real defects and events among them.",
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
export const benchmark: Benchmark = { name: "defects", summary: "find the real and the planted defects in prices, and nothing else", run };

import type { Queryable } from "../../database/pool.ts";
import { differentDates, wrongRows, type DefectFile, type Family, type WrongRow } from "./files.ts";
import { importSeries, startImport, type Alarm, type Verdict } from "./import.ts";

const dividendRules = ["price_adjusted_close_consistent", "price_dividend_plausible", "price_dividend_scale", "price_dividend_once", "action_dividend_below_price"];

/** The rules that name a defect of a family. */
const rulesOf: Readonly<Record<Family, readonly string[]>> = {
  unit: ["price_unit_consistent"],
  split: ["price_split_consistent", "price_unit_consistent", "price_adjusted_close_consistent"],
  dividend: dividendRules,
  "capital gain": dividendRules,
};

/** A file that was judged. */
export interface Judged {
  readonly file: DefectFile;
  /** What the rules of prices and actions said. */
  readonly alarms: readonly Alarm[];
  /** Bars that contradict themselves or lack a price, whatever the file is about; they are not stored. */
  readonly refused: readonly Alarm[];
}

/** A file with defects that was judged. */
export interface JudgedDefects extends Judged {
  readonly family: Family;
  /** Its wrong rows, with the alarms that name them. */
  readonly rows: readonly (WrongRow & { readonly rules: readonly string[]; readonly message: string })[];
  /** Alarms at rows that equal the repaired ones. */
  readonly falseAlarms: readonly Alarm[];
}

/** Imports and judges files: those with a defect beside their repaired twin, and those without one. */
export async function judgeDefects(
  db: Queryable,
  files: readonly DefectFile[],
  onFile: () => void = () => undefined,
): Promise<{ defective: JudgedDefects[]; clean: Judged[] }> {
  const runId = await startImport(db);
  const defective: JudgedDefects[] = [];
  const clean: Judged[] = [];
  for (const file of files) {
    const [verdict] = await importSeries(db, runId, [file]);
    const judged = { file, ...(verdict as Verdict) };
    onFile();
    if (file.isClean || file.family === undefined) clean.push(judged);
    else defective.push(compare(judged, file.family, files.find(({ name }) => name === `${file.name}-fixed`)));
  }
  return { defective, clean };
}

function compare(judged: Judged, family: Family, repaired: DefectFile | undefined): JudgedDefects {
  const { file, alarms } = judged;
  if (repaired === undefined) throw new Error(`${file.name} has no repaired twin.`);
  // What is wrong on a day whose bar was refused shows at the next bar.
  const isRefused = new Set(judged.refused.map(({ date }) => date));
  const place = (date: string) => file.bars.find((bar) => bar.date >= date && !isRefused.has(bar.date))?.date ?? date;
  const rows = wrongRows(file.bars, repaired.bars).map((row) => {
    const naming = alarms.filter(({ date, rule }) => date === place(row.date) && rulesOf[family].includes(rule));
    return { ...row, rules: naming.map(({ rule }) => rule), message: naming[0]?.message ?? "" };
  });
  const different = new Set([...rows.map(({ date }) => place(date)), ...differentDates(file.bars, repaired.bars)]);
  return { ...judged, family, rows, falseAlarms: alarms.filter(({ date }) => !different.has(date)) };
}

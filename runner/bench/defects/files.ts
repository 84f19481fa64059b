import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A bar as the provider served it, with what it said of dividends and splits. */
export interface ServedBar {
  readonly date: string;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly adjustedClose: number | null;
  readonly volume: number | null;
  readonly dividend: number;
  readonly split: number;
}

/** What kind of defect a file is about, by its name. */
export const families = ["unit", "split", "dividend", "capital gain"] as const;
export type Family = (typeof families)[number];

/** A file of bars: with a defect, repaired, or without any from the start. */
export interface DefectFile {
  readonly name: string;
  readonly symbol: string;
  readonly interval: "1d" | "1w";
  readonly family: Family | undefined;
  readonly isClean: boolean;
  readonly bars: readonly ServedBar[];
}

/** A bar that does not say what it should: where, and in what. */
export interface WrongRow {
  readonly date: string;
  readonly what: readonly ("price" | "adjustment" | "dividend" | "split")[];
}

/** The files of a folder in order of name, as SYMBOL-INTERVAL-DEFECT.csv, SYMBOL-INTERVAL-DEFECT-fixed.csv and SYMBOL-INTERVAL-no-bad-divs.csv. */
export function defectFiles(folder: string): DefectFile[] {
  return readdirSync(folder).filter((file) => file.endsWith(".csv")).toSorted().map((file) => readDefectFile(folder, file));
}

/** One file of bars, oldest bar first. */
export function readDefectFile(folder: string, file: string): DefectFile {
  const name = file.replace(/\.csv$/, "");
  const [, symbol = name, interval, defect = ""] = /^(.+?)-(1d|1wk)-(.+)$/.exec(name) ?? [];
  return { name, symbol, interval: interval === "1wk" ? "1w" : "1d", family: familyOf(defect), isClean: /(-fixed|^no-.*)$/.test(defect), bars: readBars(join(folder, file)) };
}

function familyOf(defect: string): Family | undefined {
  if (/100x/.test(defect)) return "unit";
  if (/split/.test(defect)) return "split";
  if (/^cg-/.test(defect)) return "capital gain";
  return /^no-/.test(defect) || !/div/.test(defect) ? undefined : "dividend";
}

/** Bars of a CSV file by the names of its header; an empty field is null. */
function readBars(path: string): ServedBar[] {
  const [header = "", ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const names = header.split(",");
  const bars = lines.map((line) => {
    const fields = line.split(",");
    const field = (name: string) => fields[names.indexOf(name)] ?? "";
    const number = (name: string) => (field(name) === "" ? null : Number(field(name)));
    return {
      date: (field("Date") || field("Datetime")).slice(0, 10), open: number("Open"), high: number("High"), low: number("Low"), close: number("Close"),
      adjustedClose: number("Adj Close"), volume: number("Volume"), dividend: number("Dividends") ?? 0, split: number("Stock Splits") ?? 0,
    };
  });
  return bars.toSorted((a, b) => (a.date < b.date ? -1 : 1));
}

/** Relative differences up to this are rounding: files are repaired in other precisions. */
const ROUNDING = 0.002;

/**
 * The rows of `served` that are wrong by comparison with `repaired`. A level that is wrong over a span is wrong in what it says of the change from the bar
 * before: its first bar, and the first one after it. Dividends and splits are wrong at their rows.
 */
export function wrongRows(served: readonly ServedBar[], repaired: readonly ServedBar[], rounding = ROUNDING): WrongRow[] {
  const right = new Map(repaired.map((bar) => [bar.date, bar]));
  const wrong: WrongRow[] = [];
  let price = 0;
  let adjustment = 0;
  let isFirst = true;
  for (const bar of served) {
    const other = right.get(bar.date);
    if (other === undefined) continue;
    const what: ("price" | "adjustment" | "dividend" | "split")[] = [];
    const priceNow = distance(bar.close, other.close);
    const adjustedNow = distance(bar.adjustedClose, other.adjustedClose);
    if (priceNow !== undefined) {
      if (!isFirst && Math.abs(priceNow - price) > rounding) what.push("price");
      if (adjustedNow !== undefined) {
        if (!isFirst && Math.abs(adjustedNow - priceNow - adjustment) > rounding) what.push("adjustment");
        adjustment = adjustedNow - priceNow;
      }
      price = priceNow;
      isFirst = false;
    }
    if (differs(bar.dividend, other.dividend)) what.push("dividend");
    if (differs(bar.split, other.split)) what.push("split");
    if (what.length > 0) wrong.push({ date: bar.date, what });
  }
  return wrong;
}

/** The dates on which a price or an adjusted close is another than in `repaired`. */
export function differentDates(served: readonly ServedBar[], repaired: readonly ServedBar[]): Set<string> {
  const right = new Map(repaired.map((bar) => [bar.date, bar]));
  return new Set(
    served
      .filter((bar) => {
        const other = right.get(bar.date);
        return other !== undefined && [distance(bar.close, other.close), distance(bar.open, other.open)].some((by) => Math.abs(by ?? 0) > ROUNDING);
      })
      .map(({ date }) => date),
  );
}

function distance(a: number | null, b: number | null): number | undefined {
  return a !== null && b !== null && a > 0 && b > 0 ? Math.log(a / b) : undefined;
}

function differs(a: number, b: number): boolean {
  return Math.abs(a - b) > ROUNDING * Math.max(Math.abs(a), Math.abs(b));
}

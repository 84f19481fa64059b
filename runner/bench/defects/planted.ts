import type { Queryable } from "../../database/pool.ts";
import { uniforms } from "../random.ts";
import { importSeries, startImport, type Alarm, type Imported } from "./import.ts";
import { kindsOfDefect, type KindOfDefect, type Planted } from "./plant.ts";
import { cleanSeries, halves, hash, type Half, type Series } from "./series.ts";

/** A clean series that was judged: what the rules said of it. */
export interface JudgedSeries {
  readonly half: Half;
  readonly series: Series;
  readonly alarms: readonly Alarm[];
}

/** A planted defect that was judged. */
export interface JudgedPlant {
  readonly half: Half;
  readonly kind: KindOfDefect;
  readonly series: Series;
  /** Rows at which it is wrong, with the rules that say so. */
  readonly rows: readonly { readonly date: string; readonly rules: readonly string[] }[];
  /** Alarms at rows that are right, where the clean series has none. */
  readonly falseAlarms: readonly Alarm[];
}

/** How much is planted. */
export interface PlantOptions {
  /** Clean series of each kind and half. */
  readonly series: number;
  /** Defects of each kind and half. */
  readonly defects: number;
  readonly halves?: readonly Half[];
  readonly onStep?: (series: number) => void;
}

/** So many series are checked in one go. */
const BATCH = 24;

/** Plants every kind of defect in clean series of both halves, imports all, and compares what the rules say with what is wrong. */
export async function judgePlanted(db: Queryable, folder: string, { series: each, defects, halves: asked = halves, onStep }: PlantOptions): Promise<{ clean: JudgedSeries[]; planted: JudgedPlant[] }> {
  const runId = await startImport(db);
  const clean: JudgedSeries[] = [];
  const planted: JudgedPlant[] = [];
  for (const half of asked) {
    const sound = cleanSeries(folder, half, each);
    const verdicts = await judge(db, runId, sound.map((series) => ({ ...series, name: `${half[0]}-clean-${series.symbol}-${series.kind.replaceAll(" ", "-")}` })), onStep);
    const known = new Map(sound.map((series, i) => [series, [...(verdicts[i]?.alarms ?? []), ...(verdicts[i]?.refused ?? [])]]));
    clean.push(...sound.map((series) => ({ half, series, alarms: known.get(series) ?? [] })));

    const plants = kindsOfDefect.flatMap((kind) => plantKind(kind, sound, half, defects).map((plant) => ({ ...plant, kind })));
    const said = await judge(
      db, runId,
      plants.map(({ series, planted: { served }, kind }, i) => ({ ...series, bars: served, name: `${half[0]}-${i}-${series.symbol}` })),
      onStep,
    );
    plants.forEach(({ series, planted: plant, kind }, i) => {
      planted.push(compare(half, kind, series, plant, said[i] ?? { alarms: [], refused: [] }, known.get(series) ?? []));
    });
  }
  return { clean, planted };
}

/** Defects of a kind in series of every kind that can have it, in turn, each from a seed of its own. */
function plantKind(kind: KindOfDefect, sound: readonly Series[], half: Half, count: number): { series: Series; planted: Planted }[] {
  const result: { series: Series; planted: Planted }[] = [];
  const suited = sound.filter((series) => kind.suits(series)).toSorted((a, b) => hash(`${kind.name} ${a.symbol} ${a.kind}`) - hash(`${kind.name} ${b.symbol} ${b.kind}`));
  for (let attempt = 0; result.length < count && attempt < 4 * count && suited.length > 0; attempt++) {
    const series = suited[attempt % suited.length] as Series;
    const planted = kind.plant(series, uniforms(hash(`${half} ${kind.name} ${attempt}`)));
    if (planted !== undefined && planted.wrong.length > 0) result.push({ series, planted });
  }
  return result;
}

async function judge(db: Queryable, runId: string, series: readonly Imported[], onStep: PlantOptions["onStep"]) {
  const verdicts = [];
  for (let from = 0; from < series.length; from += BATCH) {
    const batch = series.slice(from, from + BATCH);
    verdicts.push(...(await importSeries(db, runId, batch)));
    onStep?.(batch.length);
  }
  return verdicts;
}

function compare(half: Half, kind: KindOfDefect, series: Series, { served, wrong, different }: Planted, { alarms, refused }: { alarms: readonly Alarm[]; refused: readonly Alarm[] }, known: readonly Alarm[]): JudgedPlant {
  // What is wrong on a day whose bar was refused, for whatever reason, shows at the next bar.
  const isRefused = new Set(refused.map(({ date }) => date));
  const place = (date: string) => served.find((bar) => bar.date >= date && !isRefused.has(bar.date))?.date ?? date;
  const all = [...alarms, ...refused];
  const rows = wrong.map((date) => ({
    date, rules: all.filter((alarm) => (alarm.date === date || alarm.date === place(date)) && kind.rules.includes(alarm.rule)).map(({ rule }) => rule),
  }));
  const isDifferent = new Set([...different, ...[...different].map(place)]);
  const falseAlarms = all.filter(({ date, rule }) => !isDifferent.has(date) && !known.some((alarm) => alarm.date === date && alarm.rule === rule));
  return { half, kind, series, rows, falseAlarms };
}

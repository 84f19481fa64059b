import type { BenchmarkResult, Row } from "../benchmark.ts";
import type { JudgedPlant, JudgedSeries } from "./planted.ts";
import type { Half } from "./series.ts";

interface Counts {
  readonly wrong: number;
  readonly found: number;
  readonly falseAlarms: number;
}

/** Rows that are wrong, those that a rule named, and alarms at others. */
export function countsOf(planted: readonly JudgedPlant[]): Counts {
  const rows = planted.flatMap((plant) => plant.rows);
  return {
    wrong: rows.length, found: rows.filter(({ rules }) => rules.length > 0).length,
    falseAlarms: planted.reduce((sum, plant) => sum + plant.falseAlarms.length, 0),
  };
}

/** Recall, of all that is wrong, and precision, of all that was said; undefined of nothing. */
export function shares({ wrong, found, falseAlarms }: Counts): { recall: number | undefined; precision: number | undefined } {
  return { recall: wrong === 0 ? undefined : found / wrong, precision: found + falseAlarms === 0 ? undefined : found / (found + falseAlarms) };
}

const text = (share: number | undefined) => (share === undefined ? "-" : share.toFixed(3));

/** What was found of planted defects by kind and by rule, and what was said of clean series, the halves side by side. */
export function plantedTables(clean: readonly JudgedSeries[], planted: readonly JudgedPlant[], halves: readonly Half[]): NonNullable<BenchmarkResult["tables"]> {
  if (planted.length === 0) return [];
  const beside = (name: string, of: string, part: (half: Half) => readonly JudgedPlant[]): Row => ({
    [name]: of,
    ...Object.fromEntries(halves.flatMap((half) => {
      const counts = countsOf(part(half));
      return [[`${half}: wrong`, counts.wrong], ["found", counts.found], ["false", counts.falseAlarms], ["recall", text(shares(counts).recall)], ["precision", text(shares(counts).precision)]]
        .map(([key, value]) => [String(key).startsWith(half) ? key : `${half}: ${key}`, value]);
    })),
  });
  const kinds = [...new Set(planted.map(({ kind }) => kind))];
  const rules = [...new Set(planted.flatMap(({ rows, falseAlarms }) => [...rows.flatMap((row) => row.rules), ...falseAlarms.map(({ rule }) => rule)]))].toSorted();
  return [
    {
      title: "Planted defects by kind",
      rows: [
        ...kinds.map((kind) => beside("defect", kind.name, (half) => planted.filter((plant) => plant.half === half && plant.kind === kind))),
        beside("defect", "all", (half) => planted.filter((plant) => plant.half === half)),
      ],
    },
    {
      title: "Planted defects by rule",
      rows: rules.map((rule) => ({
        rule,
        ...Object.fromEntries(halves.flatMap((half) => {
          const of = planted.filter((plant) => plant.half === half);
          const found = of.flatMap(({ rows }) => rows).filter((row) => row.rules.includes(rule)).length;
          const falseAlarms = of.flatMap((plant) => plant.falseAlarms).filter((alarm) => alarm.rule === rule).length;
          return [[`${half}: named`, found], [`${half}: false`, falseAlarms], [`${half}: precision`, text(shares({ wrong: 0, found, falseAlarms }).precision)]];
        })),
      })),
    },
    {
      title: "Alarms on clean series, per 10,000 bars",
      rows: halves.flatMap((half) =>
        [...Map.groupBy(clean.filter((series) => series.half === half), ({ series }) => series.kind)].map(([kind, ofKind]) => {
          const bars = ofKind.reduce((sum, { series }) => sum + series.bars.length, 0);
          const alarms = ofKind.flatMap((series) => series.alarms);
          return {
            half, series: kind, bars, alarms: alarms.length, "per 10,000": Number(((alarms.length / bars) * 10_000).toFixed(1)),
            rules: [...Map.groupBy(alarms, ({ rule }) => rule)].map(([rule, said]) => `${rule} ${said.length}`).join(", "),
          };
        }),
      ),
    },
  ];
}

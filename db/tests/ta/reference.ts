import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** A bar-wise series; null where there is no value. */
export type Series = (number | null)[];

/** The columns of a CSV file, by name; a file without a header has one column, named x. Empty, NA and NaN are null. */
export function readColumns(file: string): Map<string, string[]> {
  const bytes = readFileSync(file);
  const lines = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").replace(/\r/g, "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const header = /^[A-Za-z]/.test(lines[0] ?? "") ? lines.shift()!.split(",") : ["x"];
  const columns = header.map((): string[] => []);
  for (const line of lines) {
    const cells = line.split(",");
    columns.forEach((column, index) => column.push(cells[index] ?? ""));
  }
  return new Map(header.map((name, index) => [name, columns[index]!]));
}

/** A column as numbers. */
export function numbers(column: string[] | undefined): Series {
  if (column === undefined) throw new Error("no such column");
  return column.map((cell) => (cell === "" || cell === '""' || cell === "NA" || cell === "NaN" ? null : Number(cell)));
}

/**
 * The largest relative difference of two series, and where it is; infinite where one has a value and the other has none.
 * Values below the scale are compared with the scale, so that a difference next to zero is not blown up.
 */
export function largestDifference(actual: Series, expected: Series, scale = 1e-300): { difference: number; bar: number } {
  let worst = { difference: actual.length === expected.length ? 0 : Infinity, bar: -1 };
  expected.forEach((wanted, bar) => {
    const got = actual[bar] ?? null;
    const difference = wanted === null || got === null
      ? (wanted === got ? 0 : Infinity)
      : Math.abs(got - wanted) / Math.max(Math.abs(wanted), scale);
    if (!(difference <= worst.difference)) worst = { difference, bar };
  });
  return worst;
}

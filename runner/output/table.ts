/** A column of a table: its heading, and the side to which it is aligned (numbers go right by themselves). */
export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

/** Lays out rows as text: columns as wide as their longest cell, two spaces between them, no trailing blanks. */
export function table(columns: readonly (Column | string)[], rows: readonly (readonly unknown[])[]): string {
  const heads = columns.map((column) => (typeof column === "string" ? { heading: column } : column));
  const cells = rows.map((row) => heads.map((_, index) => cellText(row[index])));
  const widths = heads.map(({ heading }, index) => Math.max(width(heading), ...cells.map((row) => width(row[index] ?? ""))));
  const right = heads.map(({ align }, index) => (align ?? (rows.length > 0 && rows.every((row) => isNumeric(row[index])) ? "right" : "left")) === "right");
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => {
        const gap = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(text)));
        return right[index] === true ? gap + text : text + gap;
      })
      .join("  ")
      .trimEnd();
  return [line(heads.map(({ heading }) => heading)), line(widths.map((length) => "-".repeat(length))), ...cells.map(line)].join("\n");
}

/** A count with thousands separators. */
export function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** A duration as people say it: 850 ms, 2.4 s, 3 min 5 s. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  if (cell instanceof Date) return cell.toISOString();
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell).replace(/\s*\n\s*/g, " ");
}

function isNumeric(cell: unknown): boolean {
  return cell === null || cell === undefined || typeof cell === "number" || typeof cell === "bigint" || (typeof cell === "string" && /^-?[\d,]+(\.\d+)?%?$/.test(cell));
}

/** Terminal cells of a text: colour codes take none, wide characters of East Asia two. */
function width(text: string): number {
  const plain = text.replace(/\x1b\[[\d;]*m/g, "");
  let cells = 0;
  for (const { segment } of segmenter.segment(plain)) cells += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(segment) ? 2 : 1;
  return cells;
}

const segmenter = new Intl.Segmenter();

/** A column of a result. */
export interface ResultColumn {
  readonly name: string;
  /** The object identifier of its type. */
  readonly type: number;
}

/** A result as text: what the server sent, or null. */
export interface ResultTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** int8, int2, int4, oid, xid, cid, float4, float8, money, numeric, xid8: psql puts these to the right. */
const rightAligned = new Set([20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069]);

/** Whether psql puts the values of a type to the right: numbers. */
export function isNumber(column: ResultColumn): boolean {
  return rightAligned.has(column.type);
}

/** Lays out a result as psql does with `\pset format aligned`, border 1, a footer, and `nullText` for null. */
export function aligned({ columns, rows }: ResultTable, nullText: string): string {
  const cells = rows.map((row) => row.map((cell) => cell ?? nullText));
  const widths = columns.map(({ name }, i) => Math.max(displayWidth(name), ...cells.map((row) => displayWidth(row[i] ?? ""))));
  const lines = [
    columns.map(({ name }, i) => centred(name, widths[i] ?? 0)).join("|"),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...cells.map((row) => row.map((cell, i) => placed(cell, widths[i] ?? 0, isNumber(columns[i] ?? { name: "", type: 0 }), i === columns.length - 1)).join("|")),
    rows.length === 1 ? "(1 row)" : `(${rows.length} rows)`,
  ];
  return `${lines.join("\n")}\n\n`;
}

function centred(text: string, width: number): string {
  const gap = width - displayWidth(text);
  const left = Math.floor(gap / 2);
  return ` ${" ".repeat(left)}${text}${" ".repeat(gap - left)} `;
}

function placed(text: string, width: number, right: boolean, last: boolean): string {
  const gap = " ".repeat(width - displayWidth(text));
  if (right) return ` ${gap}${text}${last ? "" : " "}`;
  return last ? ` ${text}` : ` ${text}${gap} `;
}

/** Columns of a terminal that a text takes: marks that combine take none, wide characters two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /[\p{Mn}\p{Me}]/u.test(character) ? 0 : isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

/** East Asian wide and full-width characters, as psql counts them. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], [0x231a, 0x231b], [0x2329, 0x232a], [0x23e9, 0x23ec], [0x2614, 0x2615], [0x2648, 0x2653], [0x26f2, 0x26f3], [0x2e80, 0x303e], [0x3041, 0xa4cf],
  [0xa960, 0xa97c], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe10, 0xfe19], [0xfe30, 0xfe6b], [0xff01, 0xff60], [0xffe0, 0xffe6], [0x1f300, 0x1f64f], [0x1f680, 0x1f6c5],
  [0x1f900, 0x1f9ff], [0x20000, 0x3fffd],
];

function isWide(code: number): boolean {
  return code >= 0x1100 && wideRanges.some(([first, last]) => code >= first && code <= last);
}

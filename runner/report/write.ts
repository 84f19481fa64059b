import { aligned, isNumber, type ResultTable } from "./aligned.ts";
import type { Part } from "./run.ts";

/** How a report can be written. */
export type Format = "text" | "csv" | "json";

export const formats: readonly Format[] = ["text", "csv", "json"];

/** What stands for null in the text, as the reports set it with `\pset null`. */
const NULL_TEXT = "-";

/**
 * Writes a report piece by piece. text is what psql prints, byte for byte; csv has each table with a header line below its title, which is
 * marked by #; json is an array of {title, rows}. Lines before the first table have no title of their own and are left out of csv and json.
 */
export async function* writeReport(parts: AsyncIterable<Part>, format: Format): AsyncGenerator<string> {
  let title = "";
  let tables = 0;
  for await (const part of parts) {
    if (part.kind === "line") {
      title = part.text;
      if (format === "text") yield `${part.text}\n`;
      continue;
    }
    tables += 1;
    if (format === "text") yield aligned(part.table, NULL_TEXT);
    if (format === "csv") yield `${tables > 1 ? "\n" : ""}# ${title}\n${csv(part.table)}`;
    if (format === "json") yield `${tables > 1 ? ",\n" : "[\n"}${JSON.stringify({ title, rows: objects(part.table) }, undefined, 2)}`;
  }
  if (format === "json") yield tables > 0 ? "\n]\n" : "[]\n";
}

function csv({ columns, rows }: ResultTable): string {
  return [columns.map(({ name }) => name), ...rows].map((row) => `${row.map((cell) => csvField(cell ?? "")).join(",")}\n`).join("");
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows by column name; numbers that a double holds exactly become numbers, all other values stay text. */
function objects({ columns, rows }: ResultTable): Record<string, string | number | null>[] {
  return rows.map((row) =>
    Object.fromEntries(
      columns.map((column, i) => {
        const cell = row[i] ?? null;
        const number = Number(cell);
        return [column.name, cell !== null && isNumber(column) && Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : cell];
      }),
    ),
  );
}

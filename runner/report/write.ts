import { aligned, isNumber, type ResultTable } from "./aligned.ts";
import { readDocument } from "./document.ts";
import { html } from "./html.ts";
import type { Part } from "./run.ts";

/** How a report can be written. */
export type Format = "text" | "csv" | "json" | "html";

export const formats: readonly Format[] = ["text", "csv", "json", "html"];

/**
 * Writes the report `name` piece by piece. text is what psql prints, and csv what psql --csv prints, byte for byte: lines that begin with # and
 * tables. json is one object of the report with its sections, each with columns and rows; html is a page of its own.
 */
export async function* writeReport(parts: AsyncIterable<Part>, format: Format, name: string): AsyncGenerator<string> {
  if (format === "html") yield html(name, await readDocument(parts));
  else if (format === "json") yield await json(name, parts);
  else for await (const part of parts) yield part.kind === "line" ? `${part.text}\n` : format === "text" ? aligned(part.table, "") : csv(part.table);
}

async function json(name: string, parts: AsyncIterable<Part>): Promise<string> {
  const { title, about, notes, sections } = await readDocument(parts);
  const report = {
    report: name,
    title,
    ...Object.fromEntries(about.map(([key, value]) => [key.toLowerCase().replaceAll(" ", "_"), value])),
    notes: notes.join(" "),
    sections: sections.flatMap((section) =>
      section.tables.map(({ table }) => ({
        title: section.title,
        notes: section.notes.join(" "),
        columns: table.columns.map((column) => ({ name: column.name, type: isNumber(column) ? "number" : "text" })),
        rows: objects(table),
      })),
    ),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
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

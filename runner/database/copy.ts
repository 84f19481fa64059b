import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";

/** Streams rows of values into `copy … from stdin` (text format, the default of COPY); memory stays flat however many rows there are. */
export async function copyRows(client: pg.ClientBase, sql: string, rows: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>): Promise<number> {
  const target = client.query(copyFrom(sql));
  // A source that fails undoes the statement.
  await pipeline(Readable.from(encodeRows(rows), { objectMode: false }), target);
  return target.rowCount ?? 0;
}

/** Many rows make one chunk: a stream costs by the chunk. */
async function* encodeRows(rows: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>): AsyncGenerator<string> {
  let chunk = "";
  for await (const row of rows) {
    chunk += encodeRow(row);
    if (chunk.length >= 65_536) {
      yield chunk;
      chunk = "";
    }
  }
  if (chunk !== "") yield chunk;
}

/** One line of COPY's text format. Dates become ISO instants, arrays PostgreSQL arrays, other objects JSON, undefined and null NULL. */
export function encodeRow(row: readonly unknown[]): string {
  return `${row.map((field) => encodeField(field)).join("\t")}\n`;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v" };

function encodeField(field: unknown): string {
  if (field === null || field === undefined) return "\\N";
  return textOf(field).replace(/[\\\t\n\r\b\f\v]/g, (character) => escapes[character] ?? character);
}

function textOf(field: unknown): string {
  if (field instanceof Date) return field.toISOString();
  if (field instanceof Uint8Array) return `\\x${Buffer.from(field.buffer, field.byteOffset, field.byteLength).toString("hex")}`;
  if (Array.isArray(field)) return `{${field.map((element: unknown) => arrayElement(element)).join(",")}}`;
  return typeof field === "object" ? JSON.stringify(field) : String(field);
}

function arrayElement(element: unknown): string {
  if (element === null || element === undefined) return "NULL";
  if (Array.isArray(element) || typeof element === "number") return textOf(element);
  return `"${textOf(element).replace(/["\\]/g, "\\$&")}"`;
}

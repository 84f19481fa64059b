import { duration, table } from "../output/table.ts";
import type { Row } from "./benchmark.ts";
import type { Machine } from "./machine.ts";
import type { Finding } from "./run.ts";

/** What was found, as text: the machine, then for each benchmark its tables and remarks. */
export function describe(machine: Machine, findings: readonly Finding[]): string {
  const parts = [
    `${machine.cores} cores of ${machine.processor}, ${machine.memory_gb} GB, ${machine.system}; Node ${machine.node}, PostgreSQL ${machine.postgresql}; ${machine.when}`,
  ];
  for (const { benchmark, rows, tables = [], notes = [], seconds, load } of findings) {
    const loads = load.map((one) => (one === undefined ? "unknown" : String(one))).join(" before, ");
    parts.push(`${benchmark} · ${duration(seconds * 1_000)} · load ${loads} after\n\n${layOut(rows)}`);
    for (const one of tables) if (one.rows.length > 0) parts.push(`${one.title}\n\n${layOut(one.rows)}`);
    if (notes.length > 0) parts.push(notes.join("\n"));
  }
  return parts.join("\n\n");
}

function layOut(rows: readonly Row[]): string {
  const headings = Object.keys(rows[0] ?? {});
  return table(
    headings,
    rows.map((row) => headings.map((heading) => row[heading])),
  );
}

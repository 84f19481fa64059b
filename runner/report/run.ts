import type pg from "pg";
import type { ResultTable } from "./aligned.ts";
import { expandWords, interpolate, isTrue, type ChartSpec, type Step, type Variables } from "./script.ts";

/** What a report says: a line of text or the result of a query. */
export type Part = { readonly kind: "line"; readonly text: string } | { readonly kind: "table"; readonly table: ResultTable; readonly chart?: ChartSpec };

/** Runs the steps of a report on a connection; what it says comes one part at a time, in order. */
export async function* runScript(client: pg.ClientBase, steps: readonly Step[], given: Readonly<Record<string, string>>): AsyncGenerator<Part> {
  const variables: Variables = new Map(Object.entries(given));
  // One entry per open \if: whether its branch is the one that runs.
  const branches: boolean[] = [];
  for (const step of steps) {
    const runs = branches.every((branch) => branch);
    switch (step.kind) {
      case "if":
        // Within a branch that does not run no condition is looked at, and neither of its branches runs: `runs` is false for both.
        branches.push(runs && isTrue(step.condition, variables));
        break;
      case "else":
        branches.push(!(branches.pop() ?? false));
        break;
      case "endif":
        branches.pop();
        break;
      case "set":
        if (runs) variables.set(step.name, expandWords(step.words, variables).join(""));
        break;
      case "echo":
        if (runs) yield { kind: "line", text: expandWords(step.words, variables).join(" ") };
        break;
      case "query": {
        if (!runs) break;
        const table = await query(client, interpolate(step.sql, variables));
        if (step.intoVariables !== undefined) setFromRow(variables, table, step.intoVariables);
        else if (table.columns.length > 0) yield { kind: "table", table, ...(step.chart === undefined ? {} : { chart: step.chart }) };
        break;
      }
    }
  }
}

async function query(client: pg.ClientBase, text: string): Promise<ResultTable> {
  const { fields, rows } = await client.query<(string | null)[]>({
    text,
    rowMode: "array",
    // The text that the server sent, as psql shows it.
    types: { getTypeParser: () => (value: unknown) => value },
  });
  return { columns: fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })), rows };
}

function setFromRow(variables: Variables, { columns, rows }: ResultTable, prefix: string): void {
  const [row] = rows;
  if (rows.length !== 1 || row === undefined) throw new Error(`\\gset needs one row, and ${rows.length} came`);
  for (const [i, { name }] of columns.entries()) {
    const value = row[i];
    // As in psql, NULL removes the variable.
    if (value === null || value === undefined) variables.delete(prefix + name);
    else variables.set(prefix + name, value);
  }
}

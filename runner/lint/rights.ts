import type pg from "pg";
import type { Finding } from "./finding.ts";
import { listItems, ourSchemas, withoutComments } from "./text.ts";

/** A right that a statement needs. */
export interface NeededRight {
  readonly table: string;
  readonly column: string | undefined;
  readonly privilege: "insert" | "update" | "delete";
}

/**
 * The worker has the rights that the functions need which it may call (triggers included): a grant that is missing would be found in the middle
 * of a run otherwise.
 */
export async function rightsFindings(client: pg.ClientBase): Promise<Finding[]> {
  const { rows: functions } = await client.query<{ signature: string; source: string }>(
    `select p.oid::regprocedure::text as signature, coalesce(nullif(p.prosrc, ''), pg_get_functiondef(p.oid)) as source
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = any ($1) and p.prokind in ('f', 'p') and not p.prosecdef
       and (has_function_privilege('marketbase_worker', p.oid, 'execute') or p.prorettype = 'trigger'::regtype)`,
    [ourSchemas],
  );
  const findings: Finding[] = [];
  for (const { signature, source } of functions) {
    const needed = neededRights(withoutComments(source));
    if (needed.length === 0) continue;
    const { rows: missing } = await client.query<{ table: string; column: string | null; privilege: string }>(
      `select n.table, n.column, n.privilege
       from jsonb_to_recordset($1) as n("table" text, "column" text, privilege text)
       join pg_class c on c.oid = to_regclass(n.table) and c.relkind in ('r', 'p')
       where case
         when n.column is null then not has_table_privilege('marketbase_worker', c.oid, n.privilege)
         else exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = n.column)
           and not has_column_privilege('marketbase_worker', c.oid, n.column, n.privilege) end`,
      [JSON.stringify(needed)],
    );
    for (const { table, column, privilege } of missing) {
      const what = column === null ? privilege : `${privilege} (${column})`;
      findings.push({ object: signature, rule: "worker-rights", todo: `grant ${what} on ${table} to marketbase_worker in sql-functions/${table.split(".")[0]}/grants.sql, or let the function do without` });
    }
  }
  return findings;
}

const table = `(?:${ourSchemas.join("|")})\\.[a-z_][a-z0-9_]*`;
const insert = new RegExp(`\\binsert\\s+into\\s+(${table})(?:\\s+as\\s+\\w+)?\\s*(\\()?`, "gi");
const update = new RegExp(`\\bupdate\\s+(?:only\\s+)?(${table})(?:\\s+(?:as\\s+)?(?!set\\b)\\w+)?\\s+set\\b`, "gi");
const deletion = new RegExp(`\\bdelete\\s+from\\s+(?:only\\s+)?(${table})\\b`, "gi");

/** What the statements of a body write, as far as it can be read from their text. */
export function neededRights(code: string): NeededRight[] {
  const needed: NeededRight[] = [];
  for (const match of code.matchAll(insert)) {
    const [whole, name = "", list] = match;
    const rest = code.slice(match.index + whole.length);
    if (list === undefined) needed.push({ table: name, column: undefined, privilege: "insert" });
    else for (const column of listItems(rest)) needed.push({ table: name, column: column.trim().replaceAll('"', ""), privilege: "insert" });
    const statement = rest.slice(0, endOfStatement(rest));
    const set = /\bdo\s+update\s+set\b/i.exec(statement);
    if (set !== null) needed.push(...assigned(statement.slice(set.index + set[0].length), name));
  }
  for (const match of code.matchAll(update)) needed.push(...assigned(code.slice(match.index + match[0].length), match[1] ?? ""));
  for (const [, name = ""] of code.matchAll(deletion)) needed.push({ table: name, column: undefined, privilege: "delete" });
  return needed;
}

function assigned(text: string, name: string): NeededRight[] {
  return listItems(text).flatMap((assignment) => {
    const left = assignment.slice(0, Math.max(assignment.indexOf("="), 0));
    return [...left.matchAll(/[a-z_][a-z0-9_]*/gi)].map(([column]) => ({ table: name, column, privilege: "update" as const }));
  });
}

// To the next statement: good enough to find the `on conflict` of an insert and not that of the next one.
function endOfStatement(text: string): number {
  const next = /;|\binsert\s+into\b/i.exec(text);
  return next === null ? text.length : next.index;
}

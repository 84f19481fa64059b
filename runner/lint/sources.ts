import type pg from "pg";
import type { Finding } from "./finding.ts";
import { listItems, ourSchemas, withoutComments } from "./text.ts";

/** A function of ours as the server has it. */
interface FunctionSource {
  readonly signature: string;
  readonly oid: number;
  readonly name: string;
  /** What stands in the body; for an atomic body what the server made of it. */
  readonly source: string;
  readonly language: string;
  readonly atomic: boolean;
  readonly returns: string;
  /** SQL of the arguments, for two calls: all NULL, and a harmless value of each type. */
  readonly nulls: string;
  readonly values: string;
}

const functionsQuery = `
  select p.oid::regprocedure::text as signature, p.oid::int8::int4 as oid, format('%I.%I', n.nspname, p.proname) as name,
    coalesce(nullif(p.prosrc, ''), pg_get_functiondef(p.oid)) as source, l.lanname as language, p.prosqlbody is not null as atomic,
    p.prorettype::regtype::text as returns,
    coalesce(string_agg('null::' || format_type(a.type, null), ', ' order by a.place), '') as nulls,
    coalesce(string_agg(case
      when t.typtype = 'p' or t.typtype = 'c' then 'null'
      when t.typelem <> 0 and t.typlen = -1 then quote_literal('{}')
      when t.typcategory = 'N' then '1'
      when t.typcategory = 'D' and t.typname like 'interval' then quote_literal('1 day')
      when t.typcategory = 'D' then quote_literal('2020-01-02')
      when t.typcategory = 'T' then quote_literal('1 day')
      when t.typcategory = 'B' then 'true'
      when t.typname in ('json', 'jsonb') then quote_literal('{}')
      when t.typname = 'bytea' then quote_literal('x')
      when t.typname = 'uuid' then quote_literal('00000000-0000-0000-0000-000000000000')
      when t.typcategory = 'S' then quote_literal('AAPL')
      else 'null' end || '::' || format_type(a.type, null), ', ' order by a.place), '') as values
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  left join lateral unnest(p.proargtypes::oid[]) with ordinality a (type, place) on true
  left join pg_type t on t.oid = a.type
  where n.nspname = any ($1) and p.prokind in ('f', 'p') and l.lanname in ('sql', 'plpgsql')
  group by p.oid, n.nspname, l.lanname
  order by 1`;

/** Runs the rules that look into the bodies of functions. Whatever a function does when it is called here is rolled back. */
export async function sourceFindings(client: pg.ClientBase): Promise<Finding[]> {
  const { rows: functions } = await client.query<FunctionSource>(functionsQuery, [ourSchemas]);
  const known = await knownNames(client);
  const findings: Finding[] = [];
  for (const subject of functions) {
    const code = withoutComments(subject.source);
    findings.push(...conflictFindings(subject.signature, code));
    if (!subject.atomic) findings.push(...referenceFindings(subject.signature, code, known));
    if (!subject.atomic && subject.returns !== "trigger" && subject.returns !== "event_trigger") findings.push(...(await callFindings(client, subject)));
  }
  return findings;
}

interface KnownNames {
  readonly relations: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
}

async function knownNames(client: pg.ClientBase): Promise<KnownNames> {
  const names = async (sql: string) => new Set((await client.query<{ name: string }>(sql, [ourSchemas])).rows.map(({ name }) => name));
  return {
    relations: await names("select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1) union select n.nspname || '.' || t.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname = any ($1)"),
    functions: await names("select n.nspname || '.' || p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1)"),
    columns: await names("select distinct a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1) and a.attnum > 0"),
  };
}

/** The server does not look into the body of a plpgsql function when it is created: every name of our schemas in it has to exist. */
export function referenceFindings(signature: string, code: string, known: KnownNames): Finding[] {
  const missing = new Set<string>();
  // In a string a name is a name where the string is one (to_regclass('market.instrument')); sentences are left out.
  const text = code.replace(/'((?:[^']|'')*)'/g, (whole: string, content: string) => (/^[a-z_]+\.[a-z0-9_]+$/.test(content) ? content : " "));
  for (const [, schema, name, call] of text.matchAll(new RegExp(`(?<![\\w.])(${ourSchemas.join("|")})\\.([a-z_][a-z0-9_]*)(\\s*\\()?`, "g"))) {
    // `'quality.rule_' || name` is the beginning of a name.
    if (schema === undefined || name === undefined || name.endsWith("_")) continue;
    const full = `${schema}.${name}`;
    if (known.relations.has(full) || known.functions.has(full)) continue;
    // `quality` may be the alias of a table, and then this is a column.
    if (call === undefined && known.columns.has(name)) continue;
    missing.add(full);
  }
  return [...missing].map((name) => ({ object: signature, rule: "references", todo: `${name} does not exist: correct the name` }));
}

const broken: Readonly<Record<string, string>> = { "42P01": "table", "42883": "function", "42703": "column", "42601": "syntax", "42704": "object", "42702": "ambiguous column", "42804": "type" };

/** Calls the function with NULLs and with harmless values: an error about a name or the syntax is one of the body. */
async function callFindings(client: pg.ClientBase, { signature, name, nulls, values }: FunctionSource): Promise<Finding[]> {
  const found = new Map<string, Finding>();
  for (const list of new Set([nulls, values])) {
    await client.query("begin; set local statement_timeout to '2s'; set local lock_timeout to '1s'");
    try {
      await client.query(`select * from ${name}(${list})`);
    } catch (error) {
      const { code, message, where } = error as { code?: string; message: string; where?: string };
      if (code !== undefined && broken[code] !== undefined && where !== undefined) {
        found.set(message, { object: signature, rule: "body", todo: `correct the ${broken[code]}: ${message} (${where.split("\n").at(-1)})` });
      }
    } finally {
      await client.query("rollback");
    }
  }
  return [...found.values()];
}

/** `on conflict do update set` uses only excluded values, parameters and constants: what Citus can carry out on any shard. */
export function conflictFindings(signature: string, code: string): Finding[] {
  const findings: Finding[] = [];
  for (const clause of conflictAssignments(code)) {
    const rest = clause
      .replace(/'(?:[^']|'')*'/g, " ")
      .replace(/\bexcluded\.\w+/gi, " ")
      .replace(/::\s*[\w.]+(\[\])?/g, " ")
      .replace(/\b[\w.]+\s*\(/g, " (")
      .replace(/\b[pv]_\w+(\.\w+)?/g, " ")
      .replace(/\$\d+/g, " ")
      .replace(/\b(null|true|false|default|case|when|then|else|end|and|or|not|is|distinct|from|current_timestamp)\b/gi, " ");
    const name = /[a-z_][\w.]*/i.exec(rest)?.[0];
    if (name !== undefined) {
      findings.push({ object: signature, rule: "on-conflict", todo: `set from excluded.*, parameters or constants instead of ${name}` });
    }
  }
  return findings;
}

/** The right-hand sides of all `do update set` lists. */
function conflictAssignments(code: string): string[] {
  const sides: string[] = [];
  for (const match of code.matchAll(/\bdo\s+update\s+set\b/gi)) {
    for (const assignment of listItems(code.slice(match.index + match[0].length))) {
      const equals = assignment.indexOf("=");
      if (equals >= 0) sides.push(assignment.slice(equals + 1));
    }
  }
  return sides;
}

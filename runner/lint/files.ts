import type pg from "pg";
import { functionFiles, type Layout, type SqlFile } from "../database/layout.ts";
import type { Finding } from "./finding.ts";
import { ourSchemas } from "./text.ts";

/** What a file of sql-functions may create, and how it is called in the catalogue. */
const creations = /^create\s+(?:or\s+replace\s+)?(function|procedure|aggregate|view|trigger|operator)\s+(\S+?)\s*(?:\(|with\b|as\b|before\b|after\b|$)/gim;

/** Rules about the files of `sql-functions`: one object per file, named after it, and nothing in the database without its file. */
export async function fileFindings(client: pg.ClientBase, layout: Layout): Promise<Finding[]> {
  const files = functionFiles(layout);
  const findings = files.flatMap((file) => shapeFindings(file));
  const byObject = new Map(files.filter(namesObject).map((file) => [objectOf(file.path), file.path]));
  const { rows } = await client.query<{ name: string; kind: string }>(
    `select format('%s.%s', n.nspname, p.proname) as name, 'function' as kind
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = any ($1) and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
     union
     select format('%s.%s', n.nspname, c.relname), 'view' from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1) and c.relkind = 'v'
     order by 1`,
    [ourSchemas],
  );
  for (const { name, kind } of rows) {
    if (!byObject.has(name)) findings.push({ object: name, rule: "file", todo: `write the ${kind} in sql-functions/${name.replace(".", "/")}.sql, or drop it in a migration` });
  }
  const present = new Set(rows.map(({ name }) => name));
  const defined = new Set(files.filter(({ sql }) => isDefinition(sql)).map(({ path }) => path));
  for (const [name, path] of byObject) {
    if (!present.has(name) && !defined.has(path)) {
      findings.push({ object: `sql-functions/${path}`, rule: "file", todo: `${name} is not in the database: the file has another name than its object` });
    }
  }
  return findings;
}

function shapeFindings({ path, sql }: SqlFile): Finding[] {
  const object = `sql-functions/${path}`;
  const findings: Finding[] = [];
  const add = (rule: string, todo: string) => findings.push({ object, rule, todo });
  if (!/^--[^!\n]*\S/.test(sql)) add("file", "begin it with a comment of one line: what the object is for");
  const longLine = sql.split("\n").findIndex((line) => line.length > 160 && !isProse(sql, line));
  if (longLine >= 0) add("file", `break line ${longLine + 1}: it is longer than 160 characters`);
  if (!namesObject({ path, sql }) || isDefinition(sql)) return findings;
  const made = [...sql.matchAll(creations)].map(([, kind, name]) => ({ kind: kind?.toLowerCase(), name: name?.replaceAll('"', "") ?? "" }));
  const objects = new Set(made.filter(({ kind }) => kind !== "trigger" && kind !== "operator").map(({ name }) => name));
  if (objects.size === 0) add("file", "create the object that it is named after");
  if (objects.size > 1) add("file", `split it: it creates ${[...objects].join(", ")}`);
  if (!/^comment on /im.test(sql)) add("file", "comment on the object");
  if (/^create\s+(?!or\s+replace)(?:function|view|trigger|procedure)/im.test(sql)) add("file", "use `create or replace`, so that the file can be run again");
  return findings;
}

/** Sentences may be long: comments, and strings with their place in the code. A signature in a grant cannot be broken. */
function isProse(sql: string, line: string): boolean {
  const code = line.replace(/'(?:[^']|'')*'/g, "''");
  return code.length <= 160 || /^\s*--|^(grant|revoke) .* on function /.test(line) || [...sql.matchAll(/^comment on [^']*'(?:[^']|'')*';?/gim)].some(([comment]) => comment.includes(line));
}

function objectOf(path: string): string {
  const parts = path.replace(/\.sql$/, "").split("/");
  return `${parts[0]}.${parts.at(-1)}`;
}

/** All files but those of grants and those that hold nothing but rows, such as the steps of a flow. */
function namesObject({ path, sql }: SqlFile): boolean {
  return !path.endsWith("/grants.sql") && (/^create\s/im.test(sql) || !/^insert into\s/im.test(sql));
}

/** A file that has its rows made by a function, such as a feature set by feature.define_set; a view may come of it. */
function isDefinition(sql: string): boolean {
  return !/^create\s/im.test(sql) && /\b[a-z_]+\.define_[a-z_]+\s*\(/.test(sql);
}

/** What of the catalogue the files of sql-functions make: definitions, comments and rights. */
const snapshotQuery = `
  select 'function ' || p.oid::regprocedure::text as object,
    case when p.prokind = 'a' then row(g.*)::text else pg_get_functiondef(p.oid) end as definition,
    obj_description(p.oid, 'pg_proc') as comment, (select array_agg(a::text order by a::text) from unnest(p.proacl) a)::text as acl
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace left join pg_aggregate g on g.aggfnoid = p.oid
  where n.nspname = any ($1)
  union all
  select 'relation ' || c.oid::regclass::text, case when c.relkind = 'v' then pg_get_viewdef(c.oid) || coalesce(c.reloptions::text, '') else c.relrowsecurity::text end,
    obj_description(c.oid, 'pg_class'), (select array_agg(a::text order by a::text) from unnest(c.relacl) a)::text
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'S')
  union all
  select 'column ' || c.oid::regclass::text || '.' || a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum),
    (select array_agg(x::text order by x::text) from unnest(a.attacl) x)::text
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
  union all
  select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass::text, pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger'), null
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1) and not t.tgisinternal
  union all
  select 'policy ' || p.polname || ' on ' || p.polrelid::regclass::text,
    concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)),
    obj_description(p.oid, 'pg_policy'), null
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1)
  union all
  select 'schema ' || n.nspname, '', obj_description(n.oid, 'pg_namespace'), (select array_agg(a::text order by a::text) from unnest(n.nspacl) a)::text
  from pg_namespace n
  where n.nspname = any ($1)
  order by 1`;

type Snapshot = ReadonlyMap<string, string>;

async function snapshot(client: pg.ClientBase): Promise<Snapshot> {
  const { rows } = await client.query<{ object: string; definition: string; comment: string | null; acl: string | null }>(snapshotQuery, [ourSchemas]);
  return new Map(rows.map(({ object, definition, comment, acl }) => [object, JSON.stringify([definition, comment, acl])]));
}

/**
 * Runs every file of sql-functions again, in the order of their names, on a database that has them all, and compares the catalogue before and
 * after: what is in the folder is what runs. The changes are rolled back.
 */
export async function replayFindings(client: pg.ClientBase, layout: Layout): Promise<Finding[]> {
  const findings: Finding[] = [];
  const before = await snapshot(client);
  await client.query("begin; set local role marketbase_owner; set local client_min_messages to warning");
  try {
    for (const { path, sql } of functionFiles(layout)) {
      await client.query("savepoint before_file");
      try {
        await client.query(sql);
        await client.query("release savepoint before_file");
      } catch (error) {
        await client.query("rollback to savepoint before_file");
        findings.push({ object: `sql-functions/${path}`, rule: "replay", todo: `make it run again on a database that has it: ${(error as Error).message}` });
      }
    }
    const after = await snapshot(client);
    for (const object of new Set([...before.keys(), ...after.keys()])) {
      if (before.get(object) !== after.get(object)) {
        findings.push({ object, rule: "replay", todo: "make migrations and sql-functions agree: running the files again changes it (marketbase db commit takes up changed files)" });
      }
    }
  } finally {
    await client.query("rollback");
  }
  return findings;
}

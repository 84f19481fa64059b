import { EXIT, UserError } from "../config/user-error.ts";

/** How the rows of a query are drawn: the comment `-- chart: bars of failed, passed over day by portfolio` before it. */
export interface ChartSpec {
  readonly shape: "bars" | "lines";
  /** The columns whose numbers are drawn. */
  readonly values: readonly string[];
  /** The column along which they are drawn. */
  readonly over: string;
  /** Columns of which each combination has a chart of its own. */
  readonly by: readonly string[];
}

/** One step of a report: what psql would do at that place of the file. */
export type Step =
  /** intoVariables: what the names of the variables begin with that \gset makes of the columns. */
  | { readonly kind: "query"; readonly sql: string; readonly intoVariables?: string; readonly line: number; readonly chart?: ChartSpec }
  | { readonly kind: "echo"; readonly words: string; readonly line: number }
  | { readonly kind: "set"; readonly name: string; readonly words: string; readonly line: number }
  | { readonly kind: "if"; readonly condition: string; readonly line: number }
  | { readonly kind: "else" | "endif"; readonly line: number };

/** Settings of psql that the reports make, and that are all that the interpreter can do. */
const settings: Readonly<Record<string, RegExp>> = {
  pset: /^(border 1|linestyle ascii|expanded off|footer on|null ''|numericlocale off|pager off|tuples_only off)$/,
  timing: /^off$/,
  encoding: /^UTF8$/,
};

/** psql variables that steer psql itself; here they say what is so anyway. */
const fixedVariables: Readonly<Record<string, string>> = { ON_ERROR_STOP: "on", QUIET: "on", VERBOSITY: "terse", SHOW_CONTEXT: "never" };

/** The text of a file that a report includes, by its path relative to the report. */
export type ReadIncluded = (path: string) => string;

/**
 * Reads a report: SQL that ends with a semicolon or \gset, and the commands \set, \pset, \timing, \encoding, \if, \else, \endif, \echo and \ir at
 * the beginning of a line. What psql could do beyond that is refused, so that a report never means two things.
 */
export function parseScript(text: string, file: string, readIncluded?: ReadIncluded): Step[] {
  const steps: Step[] = [];
  let chart: ChartSpec | undefined;
  let sql = "";
  let sqlLine = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const number = index + 1;
    const refuse = (why: string) => new UserError(`${file}:${number}: ${why}`, { exitCode: EXIT.failed, hint: "db/reports/README.md says what a report may use." });
    if (sql === "") {
      if (line.startsWith("-- chart:")) {
        chart = parseChart(line);
        if (chart === undefined) throw refuse(`${line} is not a chart; write -- chart: bars of a, b over c.`);
        continue;
      }
      if (line.trim() === "" || line.startsWith("--")) continue;
      const command = /^\\(\S+)(?:[ \t]+(.*?))?[ \t]*$/.exec(line);
      if (command !== null) {
        const [, name = "", words = ""] = command;
        if (name === "ir" && readIncluded !== undefined && /^common\/\w+\.sql$/.test(words)) {
          steps.push(...parseScript(readIncluded(words), words));
          continue;
        }
        const step = metaCommand(name, words, number);
        if (step === undefined) throw refuse(`\\${name} ${words}`.trim() + " is more than a report may use.");
        if (step !== "nothing") steps.push(step);
        continue;
      }
      sqlLine = number;
    }
    sql += sql === "" ? line : `\n${line}`;
    const end = statementEnd(sql);
    if (end === undefined) continue;
    if (sql.slice(end.after).trim() !== "") throw refuse("a statement ends with its line.");
    steps.push({ kind: "query", sql: sql.slice(0, end.at).trim(), ...(end.gset === undefined ? {} : { intoVariables: end.gset }), line: sqlLine, ...(chart === undefined ? {} : { chart }) });
    sql = "";
    chart = undefined;
  }
  if (sql !== "") throw new UserError(`${file}:${sqlLine}: the statement has no end.`, { exitCode: EXIT.failed, hint: "End it with a semicolon." });
  return steps;
}

function parseChart(line: string): ChartSpec | undefined {
  const [, shape, values = "", over = "", by] = /^-- chart: (bars|lines) of (\w+(?:, \w+)*) over (\w+)(?: by (\w+(?:, \w+)*))?$/.exec(line) ?? [];
  if (shape !== "bars" && shape !== "lines") return undefined;
  return { shape, values: values.split(", "), over, by: by?.split(", ") ?? [] };
}

function metaCommand(name: string, words: string, line: number): Step | "nothing" | undefined {
  const setting = settings[name];
  if (setting !== undefined) return setting.test(words) ? "nothing" : undefined;
  switch (name) {
    case "echo":
      return { kind: "echo", words, line };
    case "if":
      return { kind: "if", condition: words, line };
    case "else":
    case "endif":
      return words === "" ? { kind: name, line } : undefined;
    case "set": {
      const [, variable = "", value = ""] = /^(\w+)(?:\s+(.*))?$/.exec(words) ?? [];
      if (variable === "") return undefined;
      const fixed = fixedVariables[variable];
      if (fixed !== undefined) return fixed === value ? "nothing" : undefined;
      return { kind: "set", name: variable, words: value, line };
    }
    default:
      return undefined;
  }
}

/** Where the first statement of a text ends, outside of quotes and comments. */
function statementEnd(sql: string): { at: number; after: number; gset?: string } | undefined {
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|;|\\gset\b(?:[ \t]+(\w+))?|['"]|\/\*/g;
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const [found, prefix = ""] = match;
    // A quote or comment that is open here is closed on a later line.
    if (found === "'" || found === '"' || found === "/*") return undefined;
    const after = match.index + found.length;
    if (found === ";") return { at: match.index, after };
    if (found.startsWith("\\gset")) return { at: match.index, after, gset: prefix };
  }
  return undefined;
}

/** The variables of psql. */
export type Variables = Map<string, string>;

/** Puts variables into SQL as psql does: :name as it is, :'name' as a literal; in quotes and comments, and of unknown names, nothing. */
export function interpolate(sql: string, variables: Variables): string {
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|::|:'(\w+)'|:(\w+)/g, (whole: string, quoted: string | undefined, plain: string | undefined) => {
    const value = variables.get(quoted ?? plain ?? "");
    if (value === undefined) return whole;
    return quoted === undefined ? value : literal(value);
  });
}

/** A text as a literal of SQL, whatever standard_conforming_strings says. */
export function literal(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return doubled.includes("\\") ? ` E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

/** The arguments of a command: words, 'quoted texts' and :variables. */
export function expandWords(words: string, variables: Variables): string[] {
  return [...words.matchAll(/'((?:[^']|'')*)'|(\S+)/g)].map(([, quoted, plain = ""]) =>
    quoted === undefined ? interpolate(plain, variables) : quoted.replaceAll("''", "'"),
  );
}

/** The value of the condition of an \if. */
export function isTrue(condition: string, variables: Variables): boolean {
  const defined = /^:\{\?(\w+)\}$/.exec(condition);
  if (defined !== null) return variables.has(defined[1] ?? "");
  return /^(t|true|on|yes|1)$/i.test(interpolate(condition, variables));
}

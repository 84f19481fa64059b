import t from "tap";
import { expandWords, interpolate, isTrue, literal, parseScript } from "./script.ts";

t.test("a report becomes steps", async (t) => {
  const steps = parseScript(
    ["-- title", "\\set QUIET on", "\\pset border 1", "\\set a 'b'", "\\if :{?as_of}", "\\else", "\\endif", "\\echo 'x y' :a", "", "select ';', -- ;", "  1;", "-- chart: bars of n, m over day by x", "select 2 as n \\gset p_"].join("\n"),
    "r.sql",
  );
  t.same(steps, [
    { kind: "set", name: "a", words: "'b'", line: 4 },
    { kind: "if", condition: ":{?as_of}", line: 5 },
    { kind: "else", line: 6 },
    { kind: "endif", line: 7 },
    { kind: "echo", words: "'x y' :a", line: 8 },
    { kind: "query", sql: "select ';', -- ;\n  1", line: 10 },
    { kind: "query", sql: "select 2 as n", intoVariables: "p_", line: 13, chart: { shape: "bars", values: ["n", "m"], over: "day", by: ["x"] } },
  ]);
});

t.test("what psql could do beyond that is refused, by file and line", async (t) => {
  const cases: [string, RegExp][] = [
    ["\\! rm -rf /", /^r\.sql:1: \\! rm -rf \/ is more than a report may use\.$/],
    ["\\copy a from 'b'", /^r\.sql:1: \\copy/],
    ["\\pset format html", /^r\.sql:1: \\pset format html/],
    ["\\ir ../../secret.sql", /^r\.sql:1: \\ir/],
    ["-- chart: pie of a", /^r\.sql:1: -- chart: pie of a is not a chart/],
    ["select 1;\n\\set VERBOSITY verbose", /^r\.sql:2: /],
    ["select 1; select 2;", /^r\.sql:1: a statement ends with its line\.$/],
    ["select 1;\nselect 'open", /^r\.sql:2: the statement has no end\.$/],
  ];
  for (const [text, message] of cases) t.throws(() => parseScript(text, "r.sql"), { message }, text);
});

t.test("variables", async (t) => {
  const variables = new Map([["a", "x'y"], ["n", "40"], ["back", "c:\\d"]]);
  t.equal(interpolate("select :'a', :n, ':n', \":n\", 1::n, :unknown -- :n", variables), "select 'x''y', 40, ':n', \":n\", 1::n, :unknown -- :n");
  t.equal(literal("c:\\d"), " E'c:\\\\d'", "a backslash is one, whatever the settings");
  t.same(expandWords("'it''s :n' :n  :a", variables), ["it's :n", "40", "x'y"]);
  t.ok(isTrue(":{?a}", variables) && !isTrue(":{?b}", variables));
  t.ok(isTrue("on", variables) && isTrue("1", variables) && !isTrue("off", variables) && !isTrue(":n", variables));
});

import t from "tap";
import type pg from "pg";
import { runScript } from "./run.ts";
import { parseScript } from "./script.ts";
import { writeReport } from "./write.ts";

/** A connection that answers each query with its own text, and remembers what it was asked. */
function echoing(): { client: pg.ClientBase; asked: string[] } {
  const asked: string[] = [];
  const query = async ({ text }: { text: string }) => {
    asked.push(text);
    return text.startsWith("select") ? { fields: [{ name: "q", dataTypeID: 25 }], rows: [[text]] } : { fields: [], rows: [] };
  };
  return { client: { query } as unknown as pg.ClientBase, asked };
}

async function text(script: string, variables: Record<string, string> = {}) {
  const { client, asked } = echoing();
  let said = "";
  for await (const piece of writeReport(runScript(client, parseScript(script, "r.sql"), variables), "text", "r")) said += piece;
  return { said, asked };
}

t.test("branches, also within one that does not run", async (t) => {
  const script = "\\if :{?a}\n\\echo 'has a'\n\\if :a\n\\echo 'a is on'\n\\else\n\\echo 'a is off'\n\\endif\n\\else\n\\echo 'no a'\n\\if 1\n\\echo 'inner'\n\\endif\n\\endif\n\\echo 'end'";
  t.equal((await text(script, { a: "on" })).said, "has a\na is on\nend\n");
  t.equal((await text(script, { a: "off" })).said, "has a\na is off\nend\n");
  t.equal((await text(script)).said, "no a\ninner\nend\n");
});

t.test("variables from queries, and statements without a result", async (t) => {
  const { said, asked } = await text("begin;\nselect 1 \\gset\n\\echo 'got' :q\nselect :'q';\n\\set b 'c d'\n\\echo :b\ncommit;");
  t.same(asked, ["begin", "select 1", "select 'select 1'", "commit"]);
  t.match(said, /^got select 1\n +q +\n-+\n select 'select 1'\n\(1 row\)\n\nc d\n$/);
});

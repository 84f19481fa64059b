import t from "tap";
import { listReports } from "../../../runner/report/catalogue.ts";
import { world } from "../quality/support.ts";
import { derive, fill, interpreted, psql } from "./support.ts";

t.test("psql and marketbase report print the same bytes, as text and as CSV", async (t) => {
  const w = await world(t);
  await derive(w, await fill(w));
  const asOf = await w.db.value<string>("select clock_timestamp()::text");
  for (const { name, parameters } of listReports()) {
    const variables: Record<string, string> = {
      ...(parameters.includes("as_of") ? { as_of: asOf } : {}),
      ...(name === "lineage" ? { symbol: "AAA", feature: "qlib14.kmid" } : {}),
    };
    const text = await psql(t, w.db, name, variables);
    const csv = await psql(t, w.db, name, variables, ["--csv"]);
    if (text === undefined || csv === undefined) return;
    t.match(text, { status: 0, stderr: "" }, name);
    // Without as_of the moment is that of the report.
    const sameMoment = (said: string) => said.replace(/^# As of: .*/m, "");
    t.equal(sameMoment(await interpreted(w.db, name, variables)), sameMoment(text.stdout), `${name} as text`);
    t.equal(sameMoment(await interpreted(w.db, name, variables, "csv")), sameMoment(csv.stdout), `${name} as CSV`);
  }
  const refused = await psql(t, w.db, "completeness", { symbol: "NOBODY" });
  t.match(refused, { status: 3, stdout: "", stderr: /^psql:[^\n]*begin\.sql:\d+: ERROR: {2}There was no instrument with the symbol 'NOBODY'[^\n]*\n$/ });
});

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import t from "tap";
import { outsideFolder } from "../embedded/binaries.ts";
import { runCli } from "../testing/cli.ts";

t.setTimeout(240_000);

type Row = Record<string, string | number>;

interface Output {
  readonly machine: Record<string, unknown>;
  readonly benchmarks: readonly { benchmark: string; rows: Row[]; tables: { title: string; rows: Row[] }[]; raw: Row[] }[];
}

const leftOvers = () => readdirSync(outsideFolder).filter((name) => name.startsWith("marketbase-bench-"));

t.test("features at a two-hundredth of the size: everybody computes the same, and nothing stays behind", async (t) => {
  const before = leftOvers();
  const { status, stdout, stderr } = await runCli(["bench", "features", "--scale", "0.005", "--rounds", "1", "--json"]);
  t.equal(status, 0, stderr);
  const { machine, benchmarks } = JSON.parse(stdout) as Output;
  t.match(machine, { cores: Number, node: process.versions.node, postgresql: /^\d+/ });
  const [found] = benchmarks;
  t.equal(found?.benchmark, "features");
  const names = found?.rows.map(({ what, workers }) => `${what}, ${workers}`) ?? [];
  const contenders = [
    "marketbase, 1", "marketbase, 2", "Node, plain: pg, TA-Lib, COPY, 1", "Node, reading ahead: pg, TA-Lib, COPY, 1", "Node, tuned: COPY, TA-Lib, COPY, 1",
    "DuckDB, Parquet to Parquet, 2",
  ];
  for (const what of contenders) {
    if (/Node/.test(what) && !installed("talib-web")) t.pass(what, { skip: "talib-web is not installed" });
    else if (/DuckDB/.test(what) && !installed("@duckdb/node-api")) t.pass(what, { skip: "@duckdb/node-api is not installed" });
    else t.ok(names.includes(what), what);
  }
  t.ok(found?.raw.every(({ seconds }) => Number(seconds) > 0), "each single measurement is there");

  const table = (title: RegExp) => found?.tables.find((one) => title.test(one.title))?.rows ?? [];
  for (const row of table(/values that others computed/)) {
    t.equal(row["values"], 4 * 3_393 * 14, `${row["what"]}: four instruments, the ends counted once`);
    t.ok(Number(row["largest relative difference"]) < 1e-6, `${row["what"]}: ${row["largest relative difference"]}`);
    t.equal(row["only one has a value"], 0);
  }
  t.equal(table(/where the time/).at(-1)?.["share"], "100%");
  t.equal(table(/cost per bar/).length, 3);
  t.match(table(/on disk/).map(({ what }) => what), ["market.price_data", "feature.feature_vector", "lineage.data_lineage", "in all"]);
  t.strictSame(leftOvers().filter((name) => !before.includes(name)), []);
});

t.test("a benchmark that does not exist, a size that makes no sense", async (t) => {
  const unknown = await runCli(["bench", "nothing"]);
  t.equal(unknown.status, 2);
  t.match(unknown.stderr, /There is no benchmark nothing\.[^]*There are: features/);
  t.equal((await runCli(["bench", "features", "--scale", "0"])).status, 2);
});

function installed(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

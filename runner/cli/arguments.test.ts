import t from "tap";
import { EXIT, type UserError } from "../config/user-error.ts";
import { closest, parseCommandLine } from "./arguments.ts";
import type { Command } from "./command.ts";

const command: Command = {
  name: "fetch",
  summary: "A command for this test",
  usage: "SYMBOL [--from DATE]",
  examples: [],
  options: {
    from: { type: "string", description: "first day" },
    kind: { type: "string", description: "kind", choices: ["daily", "weekly"] },
    force: { type: "boolean", short: "f", description: "do it" },
  },
  arguments: { min: 1, max: 2 },
  run: async () => undefined,
};

t.test("flags and arguments in any order", async (t) => {
  const { args, values } = parseCommandLine(command, ["AAPL", "--from=2024-01-02", "-f", "--kind", "daily", "--from", "2024-02-01", "MSFT", "--json"]);
  t.same(args, ["AAPL", "MSFT"]);
  t.same(values.get("from"), ["2024-01-02", "2024-02-01"]);
  t.same([values.has("force"), values.has("json"), values.has("help")], [true, true, false]);
  t.same(parseCommandLine(command, ["--", "--odd"]).args, ["--odd"]);
  t.ok(parseCommandLine(command, ["--help"]).values.has("help"), "help needs no argument");
});

t.test("wrong usage is one sentence, the nearest right word and status 2", async (t) => {
  const cases: [string[], RegExp, RegExp][] = [
    [["AAPL", "--form", "x"], /^fetch has no flag --form\.$/, /Did you mean --from\? Usage: marketbase fetch SYMBOL/],
    [["AAPL", "--zzzzzz"], /no flag --zzzzzz/, /^Usage:/],
    [["AAPL", "-x"], /no flag -x/, /Usage:/],
    [["AAPL", "--force=yes"], /--force takes no value/, /Usage:/],
    [["AAPL", "--from"], /--from needs a value/, /Usage:/],
    [["AAPL", "--kind"], /--kind needs a value: daily, weekly/, /Usage:/],
    [["AAPL", "--kind", "dayly"], /--kind is one of daily, weekly, not dayly/, /Did you mean daily\?/],
    [[], /^fetch needs at least 1 argument\.$/, /Usage:/],
    [["A", "B", "C"], /takes at most 2 arguments/, /Usage:/],
  ];
  for (const [argv, message, hint] of cases) {
    try {
      parseCommandLine(command, argv);
      t.fail(`accepted ${argv.join(" ")}`);
    } catch (error) {
      t.equal((error as UserError).exitCode, EXIT.usage);
      t.match((error as UserError).message, message);
      t.match((error as UserError).hint, hint);
    }
  }
});

t.test("the nearest word", async (t) => {
  const known = ["start", "doctor", "db start", "db stop", "ingest"];
  t.equal(closest("sart", known), "start");
  t.equal(closest("docter", known), "doctor");
  t.equal(closest("db strat", known), "db start");
  t.equal(closest("ing", known), "ingest", "the beginning of a word is enough");
  t.equal(closest("xyz", known), undefined);
});

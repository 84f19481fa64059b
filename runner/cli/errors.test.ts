import pg from "pg";
import t from "tap";
import { EXIT, UserError } from "../config/user-error.ts";
import { explain } from "./errors.ts";

function databaseError(code: string, message: string, hint?: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, 0, "error"), { code, hint });
}

t.test("errors of ours keep sentence, hint and status", async (t) => {
  t.match(explain(new UserError("This is wrong.", { exitCode: EXIT.usage, hint: "Do that." })), { message: "This is wrong.", hint: "Do that.", exitCode: 2 });
  t.match(explain(databaseError("MB002", "there is no symbol XYZ", "select symbol from market.instrument")), {
    message: "there is no symbol XYZ.",
    hint: "select symbol from market.instrument",
    code: "MB002",
    exitCode: 1,
  });
});

t.test("what server and system say becomes a sentence and a status", async (t) => {
  const cases: [unknown, RegExp, number][] = [
    [Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE", address: "127.0.0.1", port: 5678 }), /^Port 5678 on 127\.0\.0\.1 is in use by another program\.$/, 1],
    [Object.assign(new Error("no"), { code: "ENOENT", path: "/x.csv" }), /^There is no file \/x\.csv\.$/, 1],
    [new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]), /does not answer/, 75],
    [new Error("Connection terminated unexpectedly"), /connection to the database was lost/, 75],
    [databaseError("57P01", "terminating"), /was stopped while/, 75],
    [databaseError("57014", "canceling"), /time limit/, 75],
    [databaseError("55P03", "lock"), /locked by another process/, 75],
    [databaseError("40P01", "deadlock"), /same rows/, 75],
    [databaseError("53100", "disk full"), /disk of the database is full/, 1],
    [databaseError("42501", "permission denied for table x"), /permission denied/, 1],
    [databaseError("42601", "syntax error"), /^Something unexpected happened: syntax error\.$/, 70],
    [new TypeError("x is not a function"), /^Something unexpected happened: x is not a function\.$/, 70],
    ["thrown text", /^Something unexpected happened: thrown text\.$/, 70],
  ];
  for (const [error, message, exitCode] of cases) {
    const explained = explain(error);
    t.match(explained.message, message);
    t.equal(explained.exitCode, exitCode, explained.message);
    t.notMatch(`${explained.message}${explained.hint}`, /\n|\bat .*:\d+:\d+/, "one sentence, no stack");
  }
});

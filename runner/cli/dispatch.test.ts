import { join } from "node:path";
import t from "tap";
import { temporaryFolder } from "../testing/folder.ts";
import { runCli } from "../testing/cli.ts";
import { commands } from "./commands.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

t.test("help goes to standard output, and lists every command", async (t) => {
  const { status, stdout, stderr } = await runCli(["--help"]);
  t.equal(status, 0);
  t.equal(stderr, "");
  for (const name of Object.keys(commands)) t.match(stdout, new RegExp(`^  ${name}  +\\S`, "m"));
  t.match(await runCli([]), { status: 2, stdout: "", stderr: /^marketbase .*\n\nUsage:/ });
  t.match(await runCli(["--version"]), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
});

t.test("every command explains itself, with an example", async (t) => {
  for (const [name, load] of Object.entries(commands)) {
    const { default: command } = await load();
    t.equal(command.name, name);
    t.ok(command.examples.length > 0, `${name} has an example`);
    t.match(command.summary, /^[A-Z][^.]+$/, `${name} has a summary of one line`);
    for (const [flag, { description }] of Object.entries(command.options)) t.ok(description.length > 0, `${name} --${flag}`);
  }
  const { status, stdout } = await runCli(["db", "url", "--help"]);
  t.equal(status, 0);
  t.match(stdout, /Usage: marketbase db url \[--role NAME\]/);
  t.match(stdout, /psql "\$\(npx marketbase db url\)"/);
  t.match(await runCli(["db", "--help"]), { status: 0, stdout: /db start/ });
});

t.test("what does not exist: one sentence, the nearest command, status 2", async (t) => {
  t.match(await runCli(["docter"]), { status: 2, stdout: "", stderr: "marketbase: There is no command docter.\nDid you mean marketbase doctor? marketbase --help lists the commands.\n" });
  t.match(await runCli(["db", "strat"]), { status: 2, stderr: /no command db strat\.\nDid you mean marketbase db start\?/ });
  t.match(await runCli(["doctor", "--jsno"]), { status: 2, stderr: /doctor has no flag --jsno\.\nDid you mean --json\?/ });
  t.match(await runCli(["db"]), { status: 2, stdout: "" });
});

t.test("a bad environment is status 2; with --json errors are JSON, on standard error", async (t) => {
  const env = { MARKETBASE_HOME: join(temporaryFolder(t), "home"), DATABASE_URL: "nonsense" };
  t.match(await runCli(["doctor"], env), { status: 2, stdout: "", stderr: /^marketbase: The environment variable DATABASE_URL is not a URL/ });
  const { status, stdout, stderr } = await runCli(["doctor", "--json"], env);
  t.equal(status, 2);
  t.equal(stdout, "");
  t.match(JSON.parse(stderr), { error: { message: /DATABASE_URL/, exitCode: 2 } });
});

t.test("a database that is not there: status 1, no stack; with MARKETBASE_DEBUG the stack", async (t) => {
  const env = { DATABASE_URL: "postgres://me:secret@127.0.0.1:1/db" };
  const plain = await runCli(["db", "migrate"], env);
  t.equal(plain.status, 1);
  t.match(plain.stderr, /marketbase: No PostgreSQL answers at 127\.0\.0\.1:1\.\nStart the server/);
  t.notMatch(plain.stderr, /secret|\.ts:\d+/);
  t.match((await runCli(["db", "migrate"], { ...env, MARKETBASE_DEBUG: "1" })).stderr, /connect\.ts:\d+/);
  for (const command of [["db", "start"], ["db", "stop"], ["db", "reset", "--yes"]]) {
    t.match(await runCli(command, env), { status: 2, stderr: /is for the embedded PostgreSQL, and DATABASE_URL names another server/ });
  }
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { temporaryFolder } from "./folder.ts";
import { runTap } from "./run-tap.ts";

// tap itself cannot run within tap: a script says what tap would say.
async function run(test: { teardown(action: () => void): unknown }, says: string, ending = "process.exitCode = 0"): Promise<{ status: number; text: string; last: string | undefined }> {
  const cwd = temporaryFolder(test);
  const script = join(cwd, "tap.mjs");
  writeFileSync(script, `process.stdout.write(${JSON.stringify(says)}, () => { ${ending}; });`);
  let text = "";
  const status = await runTap({ script, args: [], cwd, write: (more) => (text += more) });
  return { status, text, last: text.trimEnd().split("\n").at(-1) };
}

t.test("passing tests: a line for each file, the counts last, status 0", async (t) => {
  const { status, text } = await run(t, "# Subtest: a.test.ts\n    ok 1 - x\n    ok 2 - y # SKIP no data\nok 1 - a.test.ts # time=1500ms\n# Subtest: b.test.ts\n    ok 1 - z\nok 2 - b.test.ts\n1..2\n");
  t.equal(text, "ok     1 a.test.ts (1 passed, 1.5 s)\n         skipped: y # SKIP no data\nok     2 b.test.ts (1 passed)\n1 skipped\n2 passed, 0 failed\n");
  t.equal(status, 0);
});

t.test("a failing test: its reason, and status 1", async (t) => {
  const { status, text, last } = await run(t, "# Subtest: a.test.ts\n    ok 1 - x\n    not ok 2 - one is two\n      ---\n      diff: 1 2\n      ...\nnot ok 1 - a.test.ts # time=5ms\n", "process.exitCode = 1");
  t.equal(last, "1 passed, 1 failed");
  t.match(text, /^FAIL   1 a\.test\.ts \(1 passed, 1 failed, 0\.0 s\)\n +not ok 2 - one is two\n +---\n +diff: 1 2\n/);
  t.equal(status, 1);
});

t.test("no test at all is a failure, whatever tap says", async (t) => {
  const { status, text, last } = await run(t, "1..0\n");
  t.equal(last, "0 passed, 0 failed");
  t.match(text, /^No test ran\. tap said:\n1\.\.0\n/);
  t.equal(status, 1);
});

t.test("tap that fails as a whole is a failure, though every assertion passed", async (t) => {
  for (const ending of ["process.exitCode = 3", "process.kill(process.pid, 'SIGKILL')"]) {
    const { status, text, last } = await run(t, "# Subtest: a.test.ts\n    ok 1 - x\nok 1 - a.test.ts\nlast words\n", ending);
    t.equal(last, "1 passed, 1 failed");
    t.match(text, /tap ended with status \d\. It said last:\n[^]*last words/);
    t.equal(status, 1);
  }
});

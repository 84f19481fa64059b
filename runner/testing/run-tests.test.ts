import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../config/config.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

// Trial files must lie below the repository, where tap looks; they are not called .test.ts, so that an ordinary run does not find them.
function run(test: { teardown(action: () => void): unknown }, source: string | undefined): { status: number | null; stdout: string } {
  const file = join(repositoryRoot, `runner/testing/trial-${process.pid}.mjs`);
  if (source !== undefined) writeFileSync(file, source);
  test.teardown(() => rmSync(file, { force: true }));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^TAP|^_TAPJS/.test(name)));
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "run-tests.ts"), file], { cwd: repositoryRoot, encoding: "utf8", env });
  return { status, stdout };
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split("\n").at(-1);
}

t.test("passing tests: counts on the last line, status 0", async (t) => {
  const { status, stdout } = run(t, 'import t from "tap"; t.ok(true); t.test("more", async (t) => { t.equal(1, 1); t.equal(2, 2); });');
  t.equal(lastLine(stdout), "3 passed, 0 failed");
  t.equal(status, 0);
});

t.test("a failing test: status 1 and the reason", async (t) => {
  const { status, stdout } = run(t, 'import t from "tap"; t.ok(true); t.equal(1, 2, "one is two");');
  t.equal(lastLine(stdout), "1 passed, 1 failed");
  t.match(stdout, /not ok 2 - one is two/);
  t.equal(status, 1);
});

t.test("a test file that crashes fails", async (t) => {
  const crashed = run(t, 'throw new Error("broken file");');
  t.match(lastLine(crashed.stdout), /^\d+ passed, [1-9]\d* failed$/);
  t.equal(crashed.status, 1);
});

t.test("no test at all is a failure", async (t) => {
  const nothing = run(t, undefined);
  t.equal(lastLine(nothing.stdout), "0 passed, 0 failed");
  t.match(nothing.stdout, /No test ran/);
  t.equal(nothing.status, 1);
});

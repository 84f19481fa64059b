import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { temporaryFolder } from "./folder.ts";
import { runFiles } from "./run-files.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

async function run(test: { teardown(action: () => void): unknown }, files: Record<string, string>): Promise<{ status: number; lines: string[] }> {
  const cwd = temporaryFolder(test);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  let text = "";
  const status = await runFiles({ files: Object.keys(files), jobs: 1, seconds: 60, cwd, write: (more) => (text += more) });
  return { status, lines: text.trimEnd().replaceAll(/, \d+\.\d s\)/g, ")").split("\n") };
}

t.test("files share a process, one after the other; one that asks for it has its own", async (t) => {
  const { status, lines } = await run(t, {
    "a.test.ts": 'import t from "tap"; const g: any = globalThis; t.teardown(() => { g.torn = true; }); g.by = process.pid; t.test("x", async (t) => { t.test("y", async (t) => { t.pass("one"); }); }); t.test("z", async (t) => { t.pass("two"); });',
    "b.test.ts": 'import t from "tap"; const g: any = globalThis; t.equal(g.by, process.pid); t.ok(g.torn, "what the file before it used is closed"); t.pass("later", { skip: "not here" });',
    "c.test.ts": '// In a process of its own: it says so.\nimport t from "tap"; const g: any = globalThis; t.equal(g.by, undefined);',
    "d.test.ts": 'import t from "tap"; await new Promise((settle) => setTimeout(settle, 10)); t.test("x", async (t) => { t.pass("one"); });',
  });
  t.strictSame(lines, [
    "ok     1 c.test.ts (1 passed)",
    "ok     2 a.test.ts (2 passed)",
    "ok     3 b.test.ts (2 passed)",
    "         skipped: later # SKIP not here",
    "ok     4 d.test.ts (1 passed)",
    "1 skipped",
    "6 passed, 0 failed",
  ]);
  t.equal(status, 0);
});

t.test("what fails: an assertion, a file that cannot be loaded, one without a test, one that ends the process; the others still run", async (t) => {
  const { status, lines } = await run(t, {
    "a.test.ts": 'import t from "tap"; t.test("x", async (t) => { t.pass("one"); t.equal(1, 2, "one is two"); });',
    "b.test.ts": 'import t from "tap"; import "./absent.ts"; t.pass("never");',
    "c.test.ts": 'import t from "tap"; t.test("x", async (t) => { t.pass("one"); await new Promise((settle) => setTimeout(settle, 100)); process.exit(0); });',
    "d.test.ts": 'import t from "tap"; t.test("x", async (t) => { t.pass("one"); setTimeout(() => { throw new Error("nobody catches this"); }, 1); await new Promise((settle) => setTimeout(settle, 100)); });',
    "e.test.ts": "export {};",
    "f.test.ts": 'import t from "tap"; t.pass("one");',
  });
  const files = lines.filter((line) => /^(ok|FAIL)/.test(line));
  t.match(files, [/^FAIL +1 a\.test\.ts \(1 passed, 1 failed\)/, /^FAIL +2 b\.test\.ts \(0 passed, 1 failed\)/, /^FAIL +3 c\.test\.ts \(1 passed, 1 failed\)/, /^FAIL +4 c\.test\.ts: its process ended/, /^FAIL +5 d\.test\.ts \(1 passed, 1 failed\)/, /^ok +6 e\.test\.ts \(0 passed\)/, /^FAIL +7 e\.test\.ts holds no test/, /^ok +8 f\.test\.ts \(1 passed\)/]);
  t.match(lines.join("\n"), /one is two/);
  t.match(lines.join("\n"), /absent\.ts/);
  t.match(lines.join("\n"), /nobody catches this/);
  t.equal(lines.at(-1), "4 passed, 6 failed");
  t.equal(status, 1);
});

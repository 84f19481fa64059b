import { PassThrough } from "node:stream";
import t from "tap";
import { createProgress, silentProgress } from "./progress.ts";
import { styleFor, type Output } from "./style.ts";

/** A place to write to, a clock that stands still until it is moved, and what was written. */
function trial(terminal: boolean): { output: Output; clock: { now: number }; text: () => string } {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { output: Object.assign(stream, { isTTY: terminal, columns: 60 }) as unknown as Output, clock: { now: 0 }, text: () => text };
}

t.test("not a terminal: one plain line a step, a sign of life every ten seconds", async (t) => {
  const { output, clock, text } = trial(false);
  const progress = createProgress(output, () => clock.now, {});
  const step = progress.step("bars", 4_000);
  for (let n = 0; n < 4; n++) {
    clock.now += 6_000;
    step.advance(1_000);
  }
  step.done("4,000 rows");
  step.done("twice");
  t.equal(text(), "  … bars · 2,000 of 4,000 · 12 s left\n  … bars · 4,000 of 4,000\n✓ bars · 4,000 rows · 24.0 s\n");
});

t.test("a terminal: a live line with counts, and the line that stays", async (t) => {
  const { output, clock, text } = trial(true);
  const progress = createProgress(output, () => clock.now, {});
  const step = progress.step("features");
  step.total(10);
  clock.now = 5_000;
  step.advance(5);
  step.note("AAPL");
  await new Promise((settle) => setTimeout(settle, 250));
  progress.info("a word in between");
  step.done();
  t.match(text(), /\r\x1b\[K\S features · 5 of 10 · 5 s left · AAPL/);
  t.match(text(), /\r\x1b\[Ka word in between\n/);
  t.match(text(), /\x1b\[32m✓\x1b\[39m features · 5 of 10 · \x1b\[2m5\.0 s\x1b\[22m\n$/);
});

t.test("run: the result or the failure of the work", async (t) => {
  const { output, clock, text } = trial(false);
  const progress = createProgress(output, () => clock.now, {});
  t.equal(await progress.run("count", async () => 3, (n) => `${n} things`), 3);
  await t.rejects(progress.run("break", async () => Promise.reject(new Error("no"))), { message: "no" });
  t.equal(text(), "✓ count · 3 things · 0 ms\n✗ break · failed · 0 ms\n");
  t.equal(await silentProgress().run("x", async (step) => (step.advance(), 1)), 1);
});

t.test("colour only on a terminal, and never against NO_COLOR", async (t) => {
  const { output } = trial(true);
  t.equal(styleFor(output, {}).red("x"), "\x1b[31mx\x1b[39m");
  t.equal(styleFor(output, { NO_COLOR: "1" }).red("x"), "x");
  t.equal(styleFor(output, { NO_COLOR: "" }).red("x"), "\x1b[31mx\x1b[39m");
  t.equal(styleFor(output, { TERM: "dumb" }).red("x"), "x");
  t.equal(styleFor(trial(false).output, {}).red("x"), "x");
});

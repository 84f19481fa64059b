import t from "tap";
import { countTap, type TapEvent } from "./tap-count.ts";

function count(text: string): { passed: number; failed: number; skipped: number; events: TapEvent[] } {
  const events: TapEvent[] = [];
  const { line, count } = countTap((event) => events.push(event));
  for (const one of text.split("\n")) line(one);
  return { ...count, events };
}

t.test("assertions are counted once, however deep; the lines that close a block repeat", async (t) => {
  const result = count(`TAP version 14
# Subtest: db/a.test.ts
    # Subtest: outer
        ok 1 - one
        # Subtest: inner
            ok 1 - two
            not ok 2 - three
              ---
              diff: |
                -1
                +2
              ...
            1..2
            # failed 1 of 2 tests
        not ok 2 - inner # time=1.5ms
        1..2
    not ok 1 - outer # time=3ms
    1..1
not ok 1 - db/a.test.ts # time=1234.5ms
# Subtest: db/b.test.ts
    ok 1 - four
    ok 2 - five # SKIP no data here
    ok 3 - six # TODO
    1..3
ok 2 - db/b.test.ts # time=2s
1..2`);
  t.match(result, { passed: 3, failed: 1, skipped: 2 });
  t.match(result.events, [
    { kind: "file", name: "db/a.test.ts", passed: 2, failed: 1, milliseconds: 1234.5 },
    { kind: "file", name: "db/b.test.ts", passed: 1, failed: 0, milliseconds: 2000, skipped: ["five # SKIP no data here", "six # TODO"] },
  ]);
  const [first] = result.events;
  t.match(first?.kind === "file" ? first.details.join("\n") : "", /not ok 2 - three\n +---\n +diff: \|\n +-1\n +\+2/);
});

t.test("a block that fails without a failing assertion (time-out, plan) counts as one failure", async (t) => {
  const result = count(`# Subtest: a.test.ts
    ok 1 - one
    1..1
not ok 1 - a.test.ts # time=30000ms
  ---
  signal: SIGTERM
  ...`);
  t.match(result, { passed: 1, failed: 1 });
});

t.test("a file that says nothing but that it failed, and one without any assertion", async (t) => {
  t.match(count("not ok 1 - broken.test.ts # time=5ms"), { passed: 0, failed: 1 });
  t.match(count("ok 1 - empty.test.ts # SKIP no tests found"), { passed: 0, failed: 0, skipped: 1 });
  t.match(count("1..0"), { passed: 0, failed: 0, skipped: 0 });
});

t.test("bail out is heard, and failures of one file do not leak into the next", async (t) => {
  t.match(count("Bail out! server is gone").events, [{ kind: "bailout", reason: "server is gone" }]);
  const { events } = count("    not ok 1 - x\nnot ok 1 - a.test.ts\n    ok 1 - y\nok 2 - b.test.ts");
  t.match(events, [{ failed: 1 }, { failed: 0, passed: 1, details: [] }]);
});

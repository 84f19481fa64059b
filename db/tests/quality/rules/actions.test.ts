import t from "tap";
import { weekdays, world } from "../support.ts";

t.test("action_split_doubled", async (t) => {
  const w = await world(t);
  const dates = weekdays("2022-06-20", 10);
  const said = async (symbol: string, closes: (number | null)[], splits: readonly (readonly [date: string | undefined, ratio: number])[], from?: string) => {
    const id = await w.instrument(symbol);
    await w.bars(id, closes.flatMap((close, at) => (close === null ? [] : [{ date: dates[at] ?? null, close }])));
    for (const [date, ratio] of splits) await w.action(id, "split", date ?? "", ratio);
    return (await w.validate(id, from)).get("action_split_doubled");
  };
  const once = [340, 345, 342, 340, 339, 341, 340, 34, 33, 34];
  t.match(await said("A", once, [[dates[2], 10], [dates[7], 10]]), { status: "failed", checked: 2, failed: 1, messages: [/split of 10 is on record for 2022-06-22 and for 2022-06-29, and the price shows it only on 2022-06-29/] });
  t.match(await said("B", [340, 345, 34, 34, 33.9, 34.1, 34, 34, 33, 34], [[dates[2], 10], [dates[7], 10]]), { failed: 1, messages: [/only on 2022-06-22/] }, "whichever of the two it is");
  t.match(await said("C", [340, 345, 34, 34, 33.9, 34.1, 34, 3.4, 3.3, 3.4], [[dates[2], 10], [dates[7], 10]]), { status: "passed", checked: 2 }, "two splits, two jumps");
  t.match(await said("D", once, [[dates[7], 10]]), { status: "passed", checked: 1 }, "one split");
  t.match(await said("E", once, [[dates[2], 5], [dates[7], 10]]), { status: "passed" }, "another ratio is another split");
  t.match(await said("F", once.map((price, at) => (at < 7 ? price / 10 : price)), [[dates[2], 10], [dates[7], 10]]), { failed: 1, messages: [/does not show it twice/] }, "prices that are adjusted cannot tell which");
  t.match(await said("G", [340, 345, null, null, null, null, null, 34, 33, 34], [[dates[2], 10], [dates[7], 10]]), { failed: 1 }, "one jump after a gap is one split");
  t.match(await said("H", [340, 345, null, null, null, null, null, 3.4, 3.3, 3.4], [[dates[2], 10], [dates[7], 10]]), { status: "passed" }, "two in one");
  t.match(await said("I", once, [["2022-05-02", 10], [dates[7], 10]]), { status: "passed" }, "two months apart");
  t.match(await said("J", [100, 100, 100, 100, 100, 100, 100, 100, 100, 100], [[dates[2], 1.05], [dates[7], 1.05]]), { status: "passed" }, "small stock dividends come again");
  t.match(await said("K", [1, 1, 1, 1, 1, 1, 1, 10, 10, 10], [[dates[2], 0.1], [dates[7], 0.1]]), { failed: 1 }, "a reverse split");
  t.match(await said("L", once, []), { status: "not_applicable" });
  t.match(await said("M", [340, 345, 34, 34, 33.9, 34.1, 34, 34, 33, 34], [[dates[2], 10], [dates[7], 10]], `${dates[7]}T00:00:00Z`), { checked: 1, failed: 1 }, "a look at the end says the same");
});

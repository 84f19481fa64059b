import t from "tap";
import { minute, randomBars, weekday } from "./bars.ts";

t.test("the same seed gives the same bars, another one others", async (t) => {
  t.strictSame(randomBars(7, 500), randomBars(7, 500));
  t.notSame(randomBars(7, 500).close, randomBars(8, 500).close);
  t.strictSame(randomBars(7, 500).close.subarray(0, 100), randomBars(7, 100).close, "however many there are");
});

t.test("bars are possible ones: prices in cents, open and close within the range, volumes of whole units", async (t) => {
  const { open, high, low, close, volume } = randomBars(3, 20_000);
  const wrong = open.findIndex((o, i) => {
    const [h = NaN, l = NaN, c = NaN, v = NaN] = [high[i], low[i], close[i], volume[i]];
    const cents = [o, h, l, c].every((price) => Math.abs(price * 100 - Math.round(price * 100)) < 1e-6);
    return !(l > 0 && l <= Math.min(o, c) && h >= Math.max(o, c) && v >= 0 && Number.isInteger(v) && cents);
  });
  t.equal(wrong, -1);
  t.ok(Math.max(...high) < 1e4, "a long walk stays where prices are");
  t.ok(new Set(close).size > 1_000);
});

t.test("weekdays from a Monday on, minutes day and night", async (t) => {
  t.strictSame([0, 4, 5, 3_392].map((bar) => new Date(weekday(bar)).toISOString().slice(0, 10)), ["2010-01-04", "2010-01-08", "2010-01-11", "2023-01-04"]);
  t.equal(new Date(minute(1_441)).toISOString(), "2010-01-05T00:01:00.000Z");
});

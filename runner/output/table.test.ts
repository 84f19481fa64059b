import t from "tap";
import { count, duration, table } from "./table.ts";

t.test("columns are aligned, numbers to the right", async (t) => {
  t.equal(
    table(["symbol", "bars", { heading: "share", align: "right" }, "note"], [["AAPL", 1259, "12.5%", null], ["MSFT", "20", "n/a", "two\nlines"]]),
    ["symbol  bars  share  note", "------  ----  -----  ---------", "AAPL    1259  12.5%", "MSFT      20    n/a  two lines"].join("\n"),
  );
  t.equal(table(["a"], []), "a\n-");
});

t.test("colour codes take no room, wide characters two cells", async (t) => {
  const lines = table(["x", "y"], [["\x1b[31mred\x1b[39m", 1], ["日本", 2]]).split("\n");
  t.equal(lines[2], "\x1b[31mred\x1b[39m   1");
  t.equal(lines[3], "日本  2");
});

t.test("counts and durations as people write them", async (t) => {
  t.equal(count(1234567), "1,234,567");
  t.same([12, 999, 1_000, 59_940, 60_000, 185_000].map(duration), ["12 ms", "999 ms", "1.0 s", "59.9 s", "1 min 0 s", "3 min 5 s"]);
});

import t from "tap";
import { aligned, displayWidth } from "./aligned.ts";

t.test("the layout of psql", async (t) => {
  const columns = [{ name: "id", type: 23 }, { name: "name", type: 25 }, { name: "amount", type: 1700 }, { name: "x", type: 25 }];
  // What psql 15 prints for: select * from (values (1, 'a', 1.5, 'z'), (100, null, null, null)) v (id, name, amount, x).
  t.equal(
    aligned({ columns, rows: [["1", "a", "1.5", "z"], ["100", null, null, null]] }, "-"),
    " id  | name | amount | x \n-----+------+--------+---\n   1 | a    |    1.5 | z\n 100 | -    |      - | -\n(2 rows)\n\n",
  );
  t.equal(aligned({ columns: [{ name: "n", type: 20 }], rows: [["1"]] }, ""), " n \n---\n 1\n(1 row)\n\n", "one row");
  t.equal(aligned({ columns: [{ name: "name", type: 25 }], rows: [] }, ""), " name \n------\n(0 rows)\n\n", "no rows");
  t.equal(aligned({ columns: [{ name: "a", type: 25 }], rows: [["東京"], ["e\u0301"]] }, ""), "  a   \n------\n 東京\n e\u0301\n(2 rows)\n\n", "wide and combining characters");
  t.equal(displayWidth("ab東京e\u0301"), 7);
});

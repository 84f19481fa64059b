import t from "tap";
import { testDatabase } from "../support/database.ts";

t.test("ml.solve_spd solves symmetric positive definite systems", async (t) => {
  const db = await testDatabase(t);

  // Golub and Van Loan style: L = [[2,0,0],[6,1,0],[-8,5,3]], A = L L', a textbook example with integer answers.
  t.same(
    await db.value("select ml.solve_spd(array[[4, 12, -16], [12, 37, -43], [-16, -43, 98]], array[4 + 24 - 48, 12 + 74 - 129, -16 - 86 + 294])"),
    [1, 2, 3],
    "the solution of a system with a known decomposition",
  );
  t.same(await db.value("select ml.solve_spd(array[[4]], array[2])"), [0.5], "one equation");
  t.same(await db.value("select ml.solve_spd(array[[4, 99], [2, 5]], array[6, 7])"), [1, 1], "only the lower triangle is read");

  // The Hilbert matrix of order 6 (condition 1.5e7), right-hand side for the solution (1, …, 1).
  const hilbert = await db.value<number[]>(`
    select ml.solve_spd(
      (select array_agg(r order by i) from (select i, array_agg(1.0::double precision / (i + j - 1) order by j) as r from generate_series(1, 6) i, generate_series(1, 6) j group by i) m),
      (select array_agg(b order by i) from (select i, sum(1.0::double precision / (i + j - 1) order by j) as b from generate_series(1, 6) i, generate_series(1, 6) j group by i) m)
    )`);
  for (const x of hilbert) t.ok(Math.abs(x - 1) < 1e-8, `Hilbert 6: ${x} is 1 within 1e-8`);

  t.match(await db.refused("select ml.solve_spd(array[[1, 1], [1, 1]], array[1, 1])"), { code: "MB009", message: /column 2/ }, "a singular matrix");
  t.match(await db.refused("select ml.solve_spd(array[[1, 2], [2, 1]], array[1, 1])"), { code: "MB009" }, "an indefinite matrix");
  t.match(await db.refused("select ml.solve_spd(array[[1, 0], [0, 'NaN']]::double precision[], array[1, 1])"), { code: "MB009" }, "a NaN");
  t.match(await db.refused("select ml.solve_spd(array[[1, 2, 3], [2, 1, 3]], array[1, 1])"), { code: "MB001" }, "a matrix that is not square");
  t.match(await db.refused("select ml.solve_spd(array[1, 2], array[1, 1])"), { code: "MB001" }, "a vector for a matrix");
  t.match(await db.refused("select ml.solve_spd(array[[1]], null)"), { code: "MB001" }, "no right-hand side");
  t.match(await db.refused("select ml.solve_spd(array[[1]], array[1])", [], "reader"), { code: "42501" }, "readers may not");
});

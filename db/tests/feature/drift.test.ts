import t from "tap";
import { testDatabase } from "../support/database.ts";
t.test("x", async (t) => {
  const db = await testDatabase(t);
  const a=[0.61,0.29,0.06,0.59,-1.73,-0.74,0.51,-0.56,0.39,1.64,0.05,-0.06,0.64,-0.82,0.37,1.77,1.09,-1.28,2.36,1.31,1.05,-0.32], b=[0.71,1.29,0.16,1.59,-0.73,0.74,1.51,0.56,1.39,2.64,1.05,0.94,1.64,0.18];
  const x = Array.from({length:300},(_, i) => Math.sin(i+1)), y = Array.from({length:250},(_, i) => Math.sin(1.7*(i+1))*1.2+0.1);
  console.log(await db.query("select (feature.ks('{1,2,3,4,5}','{6,7,8,9,10}')).*"));
  console.log(await db.query("select (feature.ks($1,$2)).*", [a,b]));
  console.log(await db.query("select (feature.ks($1,$2)).*, feature.psi($1,$2,5), feature.kl($1,$2,5), feature.js($1,$2,5), feature.psi($1,$2) psi10, feature.kl($1,$2) kl10, feature.js($1,$2) js10", [x,y]));
  console.log(await db.query("select feature.chi_square_tail(x,k) from (values (5,1),(5,2),(16.919,9),(30,9),(100,9),(3.3,4),(200,99)) v(x,k)"));
  console.log(await db.query("select * from feature.bin_counts($1,$2)", [x,y]));
});

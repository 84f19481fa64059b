import t from "tap";
import { testDatabase } from "./database.ts";

t.test("a test database is a copy with the roles of marketbase", async (t) => {
  const db = await testDatabase(t);
  t.equal(await db.value("select current_user::text"), "marketbase_owner");
  t.equal(await db.value("select current_user::text", [], "worker"), "marketbase_worker");
  t.equal(await db.value("select current_user::text", [], "graphql"), "marketbase_authenticator");
  for (const purpose of ["reader", "analyst", "auditor", "author"] as const) {
    t.equal(await db.value("select current_user::text", [], purpose), `marketbase_${purpose}`);
  }
});

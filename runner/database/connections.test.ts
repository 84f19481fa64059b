import t from "tap";
import { connectionUrls, purposes } from "./connections.ts";

const passwords = { migrator: "m/1", worker: "w+2", authenticator: "a@3" };

t.test("with passwords each purpose has its login, and people take a role", async (t) => {
  const urlFor = connectionUrls("postgres://postgres:secret@127.0.0.1:5444/marketbase", passwords);
  t.equal(urlFor("admin"), "postgres://postgres:secret@127.0.0.1:5444/marketbase");
  t.equal(urlFor("migrator"), "postgres://marketbase_migrator:m%2F1@127.0.0.1:5444/marketbase");
  t.equal(urlFor("worker", "other db"), "postgres://marketbase_worker:w%2B2@127.0.0.1:5444/other%20db");
  t.equal(urlFor("graphql"), "postgres://marketbase_authenticator:a%403@127.0.0.1:5444/marketbase");
  t.match(urlFor("analyst"), /^postgres:\/\/marketbase_authenticator:a%403@127\.0\.0\.1:5444\/marketbase\?options=-c%20role%3Dmarketbase_analyst%20/);
  t.notMatch(urlFor("analyst"), /\+/, "libpq does not take a plus sign for a space");
});

t.test("without passwords the administrator's login takes the role and its limits", async (t) => {
  const urlFor = connectionUrls("postgres://me:pw@db.example/market?sslmode=require&options=-c%20geqo%3Doff", {});
  for (const purpose of purposes) {
    const url = new URL(urlFor(purpose));
    t.equal(url.username, "me");
    t.equal(url.searchParams.get("sslmode"), "require");
    const options = url.searchParams.get("options") ?? "";
    t.match(options, /^-c geqo=off/, "options of the user's own stay");
    if (purpose === "admin") continue;
    t.match(options, / -c role=marketbase_(owner|worker|authenticator|reader|analyst|auditor|author) /);
    for (const limit of ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"]) {
      t.match(options, new RegExp(` -c ${limit}=\\d+\\w+`), `${purpose} has ${limit}`);
    }
  }
});

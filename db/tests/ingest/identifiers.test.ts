import { readFileSync } from "node:fs";
import t from "tap";
import { shared, testDatabase } from "../support/database.ts";
import { bring, openRun } from "./bodies.ts";

t.test("check digits, by examples that their keepers published", async (t) => {
  const db = await testDatabase(t);
  const good = {
    isin: ["US7181721090", "US0378331005", "AU0000XVGZA3", "GB0002634946", "US30303M1027"],
    cusip: ["718172109", "037833100", "17275R102", "38259P508", "594918104"],
    figi: ["BBG000B9XRY4", "BBG000C2V3D6", "BBG00B3T3HD3", "BBG000BLNQ16"],
    sedol: ["0263494", "B0WNLY7", "0540528"],
    lei: ["HWUPKR0MPOU8FGXBT394", "5493006MHB84DD0ZWV18"],
    cik: ["0000320193"],
  };
  for (const [kind, values] of Object.entries(good)) {
    for (const value of values) {
      t.equal(await db.value("select market.has_check_digit($1, $2)", [kind, value], "reader"), true, `${kind} ${value}`);
      if (kind === "cik") continue;
      const last = value.slice(-1);
      const wrong = await db.value<number>("select count(*)::int from generate_series(0, 9) as digit where market.has_check_digit($1, $2 || digit) and digit::text <> $3", [kind, value.slice(0, -1), last], "reader");
      t.equal(wrong, 0, `${kind} ${value}: no other last digit will do`);
    }
  }
  t.equal(await db.value("select market.has_check_digit('isin', 'US718172109')", [], "reader"), false, "too short");
});

t.test("identifiers that bodies carry are kept over time, with the body that said so", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const profile = (more: Record<string, unknown>) => JSON.stringify([{ symbol: "ACME", companyName: "Acme", price: 10, currency: "USD", cik: "0001413329", isin: "US7181721090", cusip: "718172109", ...more }]);
  const send = (body: string, fetchedAt: string) => bring(db, run, { provider: "fmp", dataset: "fundamentals", subject: "ACME", url: `https://financialmodelingprep.com/stable/profile?symbol=ACME&at=${fetchedAt}`, body, fetchedAt });
  const spells = () =>
    db.query("select kind, value, valid_from::text as from, valid_to::text as to, known_from::date::text as known, raw_response_id is not null as has_body from market.identifier_spell where symbol = 'ACME' and kind <> 'symbol' order by kind, valid_from nulls first");
  t.match(await send(profile({}), "2024-03-01T12:00:00Z"), { outcome: "normalised", quarantined: 0 });
  const first = [
    { kind: "cik", value: "0001413329", from: null, to: null, known: "2024-03-01", has_body: true },
    { kind: "cusip", value: "718172109", from: null, to: null, known: "2024-03-01", has_body: true },
    { kind: "isin", value: "US7181721090", from: null, to: null, known: "2024-03-01", has_body: true },
  ];
  t.same(await spells(), first);
  t.equal(await db.value("select cik from market.instrument where symbol = 'ACME'"), "0001413329");
  await send(profile({ price: 11 }), "2024-04-01T12:00:00Z");
  t.same(await spells(), first, "said again it changes nothing");
  // Moved to another country: another ISIN from then on.
  await send(profile({ isin: "GB0002634946", cusip: "", cik: "99" }), "2024-06-01T12:00:00Z");
  // An older body comes late: it speaks of its own days.
  await send(profile({ isin: "US7181721090" }), "2024-05-01T12:00:00Z");
  t.same((await spells()).filter(({ kind }) => kind === "isin"), [
    { kind: "isin", value: "US7181721090", from: null, to: "2024-06-01", known: "2024-06-01", has_body: true },
    { kind: "isin", value: "GB0002634946", from: "2024-06-01", to: null, known: "2024-06-01", has_body: true },
  ]);
  t.equal(await db.value("select cik from market.instrument where symbol = 'ACME'"), "0000000099");
  t.equal(await db.value("select market.identifier_at(market.instrument_id('ACME'), 'cik', '2024-05-31')"), "0001413329", "what it was before stays");
  t.equal(await db.value("select market.identifier_at(market.instrument_id('ACME'), 'isin', '2024-07-01', '2024-05-15')"), "US7181721090", "and what was known before, too");

  await send(profile({ isin: "US7181721091", cusip: "718172100", cik: "99" }), "2024-07-01T12:00:00Z");
  t.same(
    (await db.query<{ reason: string }>("select reason, rules from ingest.quarantine where symbol = 'ACME' order by reason")),
    [
      { reason: 'The cusip "718172100" has a wrong check digit.', rules: ["identifier_valid"] },
      { reason: 'The isin "US7181721091" has a wrong check digit.', rules: ["identifier_valid"] },
    ],
    "wrong check digits are refused by rule, the rest of the body is taken in",
  );
  t.equal(await db.value("select market.identifier_at(market.instrument_id('ACME'), 'isin', '2024-07-02')"), "GB0002634946");
  const [other] = await db.query<{ message: string }>("select ingest.ensure_instrument($1, 'OTHER')", [run]);
  t.ok(other);
  t.match(await db.refused("select market.set_identifier($1, market.instrument_id('OTHER'), 'cusip', '718172100')", [run], "worker"), { code: "MB001", message: /wrong check digit/ });
});

t.test("the identifiers in the bodies that providers sent", async (t) => {
  const db = await testDatabase(t);
  const run = await openRun(db);
  const value = (symbol: string, kind: string) => db.value<string | null>("select market.identifier_at(market.instrument_id($1), $2)", [symbol, kind], "reader");
  const fmp = shared(t, "recordings/fmp/stocks__fundamental_analysis__financial_modeling_prep__test_fmp_model__test_valid_df[get_profile-kwargs_dict0].0.json");
  const apple = shared(t, "recordings/polygon/v3/reference/tickers/AAPL.json");
  const list = shared(t, "recordings/polygon/v3/reference/tickers.json");
  if (fmp === undefined || apple === undefined || list === undefined) return;
  t.match(await bring(db, run, { provider: "fmp", dataset: "fundamentals", subject: "PM", url: "https://financialmodelingprep.com/api/v3/profile/PM", body: readFileSync(fmp) }), { outcome: "normalised" });
  t.same([await value("PM", "cik"), await value("PM", "isin"), await value("PM", "cusip")], ["0001413329", "US7181721090", "718172109"]);
  const polygon = (subject: string, file: string) => bring(db, run, { provider: "polygon", dataset: "identifiers", subject, url: `https://api.polygon.io/v3/reference/tickers/${subject}`, body: readFileSync(file) });
  t.match(await polygon("AAPL", apple), { outcome: "normalised", rows: 1, new: 1 });
  t.same([await value("AAPL", "cik"), await value("AAPL", "figi")], ["0000320193", "BBG000B9XRY4"]);
  await db.query("select ingest.ensure_instrument($1, 'AA')", [run]);
  t.match(await polygon("ALL", list), { outcome: "normalised", new: 1 }, "of a list, the instruments that are known");
  t.equal(await value("AA", "figi"), "BBG00B3T3HD3");
  t.equal(await db.value("select count(*)::int from market.instrument where symbol = 'A'"), 0);
  t.match(await polygon("MSFT", apple), { outcome: "refused", code: "MB004", message: /about AAPL, but MSFT/ });
  t.match(await bring(db, run, { provider: "polygon", dataset: "identifiers", subject: "XX", url: "https://api.polygon.io/v3/reference/tickers/XX", body: '{"status":"NOT_FOUND","request_id":"1","message":"Ticker not found."}', status: 404 }), { outcome: "refused", code: "MB010" });
});

import t from "tap";
import { world } from "../support.ts";

t.test("fundamental_balance", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, facts: Record<string, number>) => {
    const id = await w.instrument(symbol);
    await w.facts(id, Object.entries(facts).map(([concept, value]) => ({ concept, value })));
    return (await w.validate(id)).get("fundamental_balance");
  };
  t.match(await said("A", { Assets: 1000, LiabilitiesAndStockholdersEquity: 1000 }), { status: "passed", checked: 1 });
  t.match(await said("B", { Assets: 1000, LiabilitiesAndStockholdersEquity: 999.5 }), { status: "passed" }, "within a thousandth");
  t.match(await said("C", { Assets: 1000, LiabilitiesAndStockholdersEquity: 990 }), { status: "failed", failed: 1, dates: ["2020-12-31"], messages: [/Assets of 2020-12-31 are 1000 USD, but liabilities and equity as reported are 990/] });
  t.match(await said("D", { Assets: 1000, Liabilities: 600, StockholdersEquity: 400 }), { status: "passed" }, "from its parts");
  t.match(await said("E", { Assets: 1000, Liabilities: 600, StockholdersEquity: 300, MinorityInterest: 80, TemporaryEquityCarryingAmountAttributableToParent: 20 }), { status: "passed" }, "with minorities and temporary equity");
  t.match(await said("F", { Assets: 1000, Liabilities: 600, StockholdersEquity: 300, StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest: 400, MinorityInterest: 100 }), { status: "passed" }, "minorities are not counted twice");
  t.match(await said("G", { Assets: 1000, Liabilities: 600 }), { status: "not_applicable", checked: 0 }, "one side alone says nothing");
  t.match(await said("H", { Assets: 0, LiabilitiesAndStockholdersEquity: 0 }), { status: "passed" }, "an empty company");
});

t.test("fundamental_earnings_per_share", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, income: number, shares: number, perShare: number) => {
    const id = await w.instrument(symbol);
    const year = { start: "2020-01-01", end: "2020-12-31" };
    await w.facts(id, [
      { ...year, concept: "NetIncomeLoss", value: income },
      { ...year, concept: "WeightedAverageNumberOfSharesOutstandingBasic", value: shares, unit: "shares" },
      { ...year, concept: "EarningsPerShareBasic", value: perShare, unit: "USD/shares" },
    ]);
    return (await w.validate(id)).get("fundamental_earnings_per_share");
  };
  // Apple's annual report for 2017: net income, basic shares and basic earnings per share.
  t.match(await said("A", 48_351_000_000, 5_217_242_000, 9.27), { status: "passed", checked: 1 });
  t.match(await said("B", 48_351_000_000, 20_868_968_000, 9.27), { status: "failed", failed: 1, messages: [/9\.27 per share are reported, net income over shares is 2\.3169/] }, "shares restated for a split, earnings per share not");
  t.match(await said("C", -1_000_000, 300_000_000, 0), { status: "passed" }, "a loss that rounds to nothing");
});

t.test("fundamental_sign", async (t) => {
  const w = await world(t);
  const id = await w.instrument("SIGN");
  await w.facts(id, [{ concept: "Assets", value: -1 }, { concept: "Liabilities", value: 0 }, { concept: "NetIncomeLoss", value: -5 }]);
  t.match((await w.validate(id)).get("fundamental_sign"), { status: "failed", checked: 3, failed: 1, messages: [/Assets of 2020-12-31 is -1 USD/] }, "a loss is no error, negative assets are");
});

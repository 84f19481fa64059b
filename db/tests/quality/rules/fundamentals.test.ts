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

const year = (end: number) => ({ start: `${end}-01-01`, end: `${end}-12-31` });

t.test("fundamental_gross_profit", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, figures: Record<string, number>) => {
    const id = await w.instrument(symbol);
    await w.facts(id, Object.entries(figures).map(([concept, value]) => ({ ...year(2020), concept, value })));
    return (await w.validate(id)).get("fundamental_gross_profit");
  };
  // Apple's annual report for 2017.
  t.match(await said("A", { Revenues: 229_234e6, CostOfRevenue: 141_048e6, GrossProfit: 88_186e6 }), { status: "passed", checked: 1 });
  t.match(await said("B", { Revenues: 229_234e6, CostOfRevenue: 141_048e6, GrossProfit: 81_886e6 }), { status: "failed", failed: 1, dates: ["2020-12-31"], messages: [/a gross profit of 81886000000 USD is reported, revenue less its cost is 88186000000/] });
  t.match(await said("C", { Revenues: 229_234e6, CostOfRevenue: 141_048e6 }), { status: "not_applicable", checked: 0 }, "what is computed from the two proves nothing");
});

t.test("fundamental_cash_flow", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, [operating, investing, financing, change, exchange]: [number, number, number, number, number?]) => {
    const id = await w.instrument(symbol);
    await w.facts(id, [
      { ...year(2020), concept: "NetCashProvidedByUsedInOperatingActivities", value: operating },
      { ...year(2020), concept: "NetCashProvidedByUsedInInvestingActivities", value: investing },
      { ...year(2020), concept: "NetCashProvidedByUsedInFinancingActivities", value: financing },
      { ...year(2020), concept: "CashAndCashEquivalentsPeriodIncreaseDecrease", value: change },
      ...(exchange === undefined ? [] : [{ ...year(2020), concept: "EffectOfExchangeRateOnCashAndCashEquivalents", value: exchange }]),
    ]);
    return (await w.validate(id)).get("fundamental_cash_flow");
  };
  // Apple's annual report for 2017.
  t.match(await said("A", [63_598e6, -46_446e6, -17_347e6, -195e6]), { status: "passed", checked: 1 });
  t.match(await said("B", [63_598e6, 46_446e6, -17_347e6, -195e6]), { status: "failed", failed: 1, messages: [/cash changed by -195000000 USD as reported, its parts add up to 92697000000/] }, "a sign is lost");
  t.match(await said("C", [100, -50, -20, 25, -5]), { status: "passed" }, "with the effect of exchange rates");
  t.match(await said("D", [100, -50, -20, 30, -5]), { status: "passed" }, "reported before that effect");
});

t.test("fundamental_parts", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, figures: Record<string, number>) => {
    const id = await w.instrument(symbol);
    await w.facts(id, Object.entries(figures).map(([concept, value]) => ({ concept, value })));
    return (await w.validate(id)).get("fundamental_parts");
  };
  t.match(await said("A", { Assets: 1000, AssetsCurrent: 400, InventoryNet: 400, Goodwill: 600 }), { status: "passed", checked: 1 });
  t.match(await said("B", { Assets: 1000, AssetsCurrent: 400, InventoryNet: 401, Goodwill: 600_000 }), {
    status: "failed", failed: 1, messages: [/^2020-12-31: goodwill of 600000 USD are more than total_assets of 1000, inventory of 401 USD are more than current_assets of 400\.$/],
  });
  t.match(await said("C", { AssetsCurrent: 400, InventoryNet: 401 }), { status: "not_applicable" }, "without a whole there is nothing to say");
});

t.test("fundamental_scale", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, values: number[]) => {
    const id = await w.instrument(symbol);
    await w.facts(id, values.map((value, i) => ({ ...year(2010 + i), concept: "WeightedAverageNumberOfSharesOutstandingBasic", unit: "shares", value })));
    return (await w.validate(id)).get("fundamental_scale");
  };
  t.match(await said("A", [100e6, 104e6, 99e6, 400e6]), { status: "passed", checked: 4 }, "a large issue of shares");
  t.match(await said("B", [100e6, 104e3, 99e6, 98e6]), { status: "failed", failed: 1, dates: ["2011-12-31"], messages: [/shares_basic of 2011-12-31 is 104000 shares, the nearest other ones are 100000000 and 99000000/] });
  t.match(await said("C", [100e6, 104e6, 99e3]), { status: "failed", failed: 1, dates: ["2012-12-31"] }, "the last one, beside the two before it");
  t.match(await said("D", [100e6, 104e3]), { status: "not_applicable" }, "of two nobody knows which is wrong");
});

t.test("fundamental_restatement_size", async (t) => {
  const w = await world(t);
  const said = async (symbol: string, concept: string, first: number, later: number) => {
    const id = await w.instrument(symbol);
    await w.facts(id, [{ ...year(2020), concept, value: first }]);
    await w.db.query("update market.company_fundamental set value = $2, known_from = known_from + interval '1 year', accession = 'later' where instrument_id = $1", [id, later]);
    return (await w.validate(id)).get("fundamental_restatement_size");
  };
  t.match(await said("A", "Revenues", 1000, 1090), { status: "passed", checked: 1 });
  t.match(await said("B", "Revenues", 1000, 880), { status: "failed", failed: 1, messages: [/Revenues of 2020-12-31 was 1000 USD and is 880 by filing later/] });
  t.match(await said("C", "OtherNonoperatingIncomeExpense", 1000, 10), { status: "passed", checked: 1 }, "minor figures are not looked at");
});

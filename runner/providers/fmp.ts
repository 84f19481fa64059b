import { requireKey, type Provider } from "./provider.ts";

/** What is asked for, one after the other. */
const reports = [
  "/stable/profile",
  ...["annual", "quarter"].flatMap((period) => ["income-statement", "balance-sheet-statement", "cash-flow-statement"].map((name) => `/stable/${name}?period=${period}`)),
];

/** Financial Modeling Prep: profile and statements of a company, with the times at which their filings were accepted. */
export const fmp: Provider = {
  name: "fmp",
  datasets: ["fundamentals"],
  subject: /^[A-Z0-9][A-Z0-9.-]{0,19}$/,
  hosts: ["financialmodelingprep.com"],
  // 300 requests a minute in the smallest paid plan, 250 a day without one.
  limit: { requests: 240, perSeconds: 60 },
  key: { from: "https://site.financialmodelingprep.com/developer/docs", required: true },
  source({ subject }, { environment }) {
    return { kind: "http", url: address(reports[0] ?? "", subject, requireKey(fmp, environment)), headers: { accept: "application/json" } };
  },
  next({ source, status }, { subject }, { environment }) {
    const key = requireKey(fmp, environment);
    const following = reports[1 + reports.findIndex((report) => address(report, subject, key) === source.url)];
    // A plan that has no statements by quarter has none of the three.
    if (following === undefined || (status !== 200 && following.includes("quarter"))) return undefined;
    return { ...source, url: address(following, subject, key) };
  },
};

function address(report: string, symbol: string, key: string): string {
  const url = new URL(`https://financialmodelingprep.com${report}`);
  url.searchParams.set("symbol", symbol);
  url.searchParams.set("limit", "400");
  url.searchParams.set("apikey", key);
  return url.href;
}

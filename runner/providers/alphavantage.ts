import { isIntraday } from "./intervals.ts";
import { pairOf } from "./pairs.ts";
import { requireKey, type Provider } from "./provider.ts";

/** What is asked of a company, one after the other. */
const reports = ["OVERVIEW", "INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW", "EARNINGS"];

const names: Readonly<Record<string, string>> = { "1d": "DAILY", "1w": "WEEKLY", "1mo": "MONTHLY" };

/** Alpha Vantage: bars of shares as traded, of currencies and of crypto-currencies; statements and earnings of companies. Its errors come with status 200. */
export const alphavantage: Provider = {
  name: "alphavantage",
  datasets: ["bars", "fundamentals"],
  subject: /^[A-Z0-9][A-Z0-9.=-]{0,19}$/,
  hosts: ["www.alphavantage.co"],
  // Five requests a minute, 25 a day without a paid plan.
  limit: { requests: 5, perSeconds: 60 },
  key: { from: "https://www.alphavantage.co/support/#api-key", required: true },
  intervals: [...Object.keys(names), "1m", "5m", "15m", "30m", "1h"],
  source({ dataset, subject, from, interval = "1d" }, { environment }) {
    const pair = pairOf(subject);
    const url = new URL("https://www.alphavantage.co/query");
    if (dataset === "fundamentals") {
      url.searchParams.set("function", reports[0] ?? "");
      url.searchParams.set("symbol", subject);
      url.searchParams.set("apikey", requireKey(alphavantage, environment));
      return { kind: "http", url: url.href };
    }
    const minutes = interval.replace("1h", "60min").replace(/m$/, "min");
    if (pair?.kind === "fx") {
      url.searchParams.set("function", isIntraday(interval) ? "FX_INTRADAY" : `FX_${names[interval]}`);
      url.searchParams.set("from_symbol", pair.base);
      url.searchParams.set("to_symbol", pair.quote);
    } else if (pair?.kind === "crypto") {
      url.searchParams.set("function", isIntraday(interval) ? "CRYPTO_INTRADAY" : `DIGITAL_CURRENCY_${names[interval]}`);
      url.searchParams.set("symbol", pair.base);
      url.searchParams.set("market", pair.quote);
    } else {
      url.searchParams.set("function", `TIME_SERIES_${isIntraday(interval) ? "INTRADAY" : names[interval]}`);
      url.searchParams.set("symbol", subject);
      if (isIntraday(interval)) {
        url.searchParams.set("adjusted", "false");
        url.searchParams.set("extended_hours", "false");
        if (from !== undefined) url.searchParams.set("month", from.slice(0, 7));
      }
    }
    if (isIntraday(interval)) url.searchParams.set("interval", minutes);
    // The latest hundred bars are free; more are part of a paid plan.
    url.searchParams.set("outputsize", from !== undefined && !isIntraday(interval) && Date.now() - Date.parse(from) < 130 * 86_400_000 ? "compact" : "full");
    url.searchParams.set("apikey", requireKey(alphavantage, environment));
    return { kind: "http", url: url.href };
  },
  // Intraday bars of the past come month by month.
  next({ source, status }, { dataset, to }) {
    const url = new URL(source.url);
    if (dataset === "fundamentals") {
      const following = reports[1 + reports.indexOf(url.searchParams.get("function") ?? "")];
      if (status !== 200 || following === undefined) return undefined;
      url.searchParams.set("function", following);
      return { ...source, url: url.href };
    }
    const month = url.searchParams.get("month");
    const last = (to ?? new Date().toISOString()).slice(0, 7);
    if (status !== 200 || month === null || month >= last) return undefined;
    const [year = 0, number = 0] = month.split("-").map(Number);
    url.searchParams.set("month", new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7));
    return { ...source, url: url.href };
  },
};

import { dayOf, isIntraday, startOfDay } from "./intervals.ts";
import type { Provider } from "./provider.ts";

const names: Readonly<Record<string, string>> = { "1w": "1wk", "1h": "60m" };
/** How far back bars within a day go, and how many days of them one answer may have. */
const reach: Readonly<Record<string, { readonly days: number; readonly pageDays: number }>> = {
  "1m": { days: 29, pageDays: 7 }, "2m": { days: 59, pageDays: 59 }, "5m": { days: 59, pageDays: 59 }, "15m": { days: 59, pageDays: 59 },
  "30m": { days: 59, pageDays: 59 }, "90m": { days: 59, pageDays: 59 }, "1h": { days: 729, pageDays: 729 },
};

/** Yahoo parts the class of a share off with a dash: BRK.B is its BRK-B. A dot leads to the exchange (OCDO.L); none is named A or B. */
const yahooSymbol = (subject: string) => subject.replace(/^([A-Z]+)\.([AB])$/, "$1-$2");

/** Yahoo Finance: bars with splits and dividends, from the chart of its web pages (v8). There is no official API and no key. */
export const yahoo: Provider = {
  name: "yahoo",
  datasets: ["bars"],
  subject: /^[A-Z0-9^][A-Z0-9.^=_-]{0,31}$/,
  hosts: ["query1.finance.yahoo.com", "query2.finance.yahoo.com"],
  limit: { requests: 1, perSeconds: 2 },
  intervals: ["1d", ...Object.keys(reach), "1w", "1mo"],
  source({ subject, from, to, interval = "1d" }) {
    const url = new URL(`https://query2.finance.yahoo.com/v8/finance/chart/${encodeURIComponent(yahooSymbol(subject))}`);
    const { days = 0, pageDays = 0 } = reach[interval] ?? {};
    // Daily bars without limits have the same address every time, so that an unchanged history is recognised as such.
    const first = from === undefined ? (isIntraday(interval) ? startOfDay(dayOf(Date.now() / 1_000)) - days * 86_400 : 0) : startOfDay(from);
    const last = to === undefined ? 9_999_999_999 : startOfDay(to) + 86_400;
    url.searchParams.set("period1", String(first));
    url.searchParams.set("period2", String(isIntraday(interval) ? Math.min(last, first + pageDays * 86_400) : last));
    url.searchParams.set("interval", names[interval] ?? interval);
    url.searchParams.set("includePrePost", "false");
    url.searchParams.set("events", "div,splits");
    return { kind: "http", url: url.href, headers: { accept: "application/json" } };
  },
  next({ source, status }, { to, interval = "1d" }) {
    const { pageDays } = reach[interval] ?? {};
    const url = new URL(source.url);
    const first = Number(url.searchParams.get("period2"));
    const last = to === undefined ? Math.floor(Date.now() / 1_000) : startOfDay(to) + 86_400;
    if (status !== 200 || pageDays === undefined || first >= last) return undefined;
    url.searchParams.set("period1", String(first));
    url.searchParams.set("period2", String(Math.min(last, first + pageDays * 86_400)));
    return { ...source, url: url.href };
  },
};

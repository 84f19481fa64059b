import type { Provider } from "./provider.ts";

/** Yahoo Finance: daily bars with splits and dividends, from the chart of its web pages (v8). There is no official API and no key. */
export const yahoo: Provider = {
  name: "yahoo",
  datasets: ["bars"],
  subject: /^[A-Z0-9^][A-Z0-9.^=_-]{0,31}$/,
  hosts: ["query1.finance.yahoo.com", "query2.finance.yahoo.com"],
  limit: { requests: 1, perSeconds: 2 },
  source({ subject, from, to }) {
    const url = new URL(`https://query2.finance.yahoo.com/v8/finance/chart/${encodeURIComponent(subject)}`);
    // Without limits the same address every time, so that an unchanged history is recognised as such.
    url.searchParams.set("period1", String(from === undefined ? 0 : seconds(from)));
    url.searchParams.set("period2", String(to === undefined ? 9_999_999_999 : seconds(to) + 86_400));
    url.searchParams.set("interval", "1d");
    url.searchParams.set("includePrePost", "false");
    url.searchParams.set("events", "div,splits");
    return { kind: "http", url: url.href, headers: { accept: "application/json" } };
  },
};

function seconds(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 1_000;
}

import { z } from "zod";
import { isIntraday } from "./intervals.ts";
import { pairOf } from "./pairs.ts";
import { requireKey, type Provider } from "./provider.ts";

const frequencies: Readonly<Record<string, string>> = { "1d": "daily", "1w": "weekly", "1mo": "monthly" };
/** IEX bars of one answer. */
const PAGE = 10_000;
const bars = z.array(z.object({ date: z.string().regex(/^\d{4}-\d{2}-\d{2}/) }));

/** Tiingo: end-of-day bars with dividends and splits, intraday bars of IEX, currencies and crypto-currencies; statements of companies. */
export const tiingo: Provider = {
  name: "tiingo",
  datasets: ["bars", "fundamentals"],
  subject: /^[A-Z0-9][A-Z0-9.=-]{0,19}$/,
  hosts: ["api.tiingo.com"],
  // 50 requests an hour without a paid plan.
  limit: { requests: 50, perSeconds: 3_600 },
  key: { from: "https://www.tiingo.com/account/api/token", required: true },
  intervals: [...Object.keys(frequencies), "1m", "5m", "15m", "30m", "1h", "4h"],
  source({ dataset, subject, from, to, interval = "1d" }, { environment }) {
    const pair = pairOf(subject);
    const url = new URL("https://api.tiingo.com");
    if (dataset === "fundamentals") {
      url.pathname = `/tiingo/fundamentals/${subject.replaceAll(".", "-")}/statements`;
      url.searchParams.set("format", "json");
      // By the ends of the periods; as reported, the dates are those of the filings.
      url.searchParams.set("asReported", "false");
    } else if (pair !== undefined) {
      const name = `${pair.base}${pair.quote}`.toLowerCase();
      url.pathname = pair.kind === "fx" ? `/tiingo/fx/${name}/prices` : "/tiingo/crypto/prices";
      if (pair.kind === "crypto") url.searchParams.set("tickers", name);
      url.searchParams.set("resampleFreq", interval.replace(/m$/, "min").replace("h", "hour").replace("d", "day").replace("1w", "7day"));
    } else {
      url.pathname = isIntraday(interval) ? `/iex/${subject.replaceAll(".", "-")}/prices` : `/tiingo/daily/${subject.replaceAll(".", "-")}/prices`;
      url.searchParams.set("format", "json");
      url.searchParams.set("resampleFreq", frequencies[interval] ?? interval.replace("m", "min").replace("h", "hour"));
      if (isIntraday(interval)) url.searchParams.set("columns", "open,high,low,close,volume");
    }
    // Without a first day only the latest bar comes.
    url.searchParams.set("startDate", from ?? "1960-01-01");
    if (to !== undefined) url.searchParams.set("endDate", to);
    return { kind: "http", url: url.href, headers: { accept: "application/json", authorization: `Token ${requireKey(tiingo, environment)}` } };
  },
  next({ source, status, body }) {
    const url = new URL(source.url);
    const list = status === 200 && url.pathname.startsWith("/iex/") ? bars.safeParse(JSON.parse(body.toString("utf8"))).data : undefined;
    const last = list?.at(-1)?.date.slice(0, 10);
    // The last day of a full page may be cut: it is asked for again.
    if (list === undefined || last === undefined || list.length < PAGE || last === url.searchParams.get("startDate")) return undefined;
    url.searchParams.set("startDate", last);
    return { ...source, url: url.href };
  },
};

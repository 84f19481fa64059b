import { z } from "zod";
import { isIntraday } from "./intervals.ts";
import { pairOf } from "./pairs.ts";
import { requireKey, type FetchRequest, type HttpSource, type Provider, type ProviderContext } from "./provider.ts";

const page = z.object({ next_url: z.url().optional() });
const spans: Readonly<Record<string, string>> = { m: "minute", h: "hour", d: "day", w: "week", mo: "month" };

/** Polygon (Massive): aggregates as traded, then the splits and dividends of the share; its identifiers. */
export const polygon: Provider = {
  name: "polygon",
  datasets: ["bars", "identifiers"],
  subject: /^[A-Z0-9^][A-Z0-9.=^-]{0,19}$/,
  hosts: ["api.polygon.io", "api.massive.com"],
  // Five requests a minute without a paid plan.
  limit: { requests: 5, perSeconds: 60 },
  key: { from: "https://massive.com/dashboard/keys", required: true },
  intervals: ["1d", "1m", "5m", "15m", "30m", "1h", "4h", "1w", "1mo"],
  source({ dataset, subject, from, to, interval = "1d" }, context) {
    if (dataset === "identifiers") return asked(new URL(`https://api.polygon.io/v3/reference/tickers/${tickerOf(subject)}`), context);
    const [, count = "1", unit = "d"] = /^(\d+)(m|h|d|w|mo)$/.exec(interval) ?? [];
    const url = new URL(`https://api.polygon.io/v2/aggs/ticker/${tickerOf(subject)}/range/${count}/${spans[unit]}/${from ?? "2003-01-01"}/${to ?? "2099-12-31"}`);
    url.searchParams.set("adjusted", "false");
    url.searchParams.set("sort", "asc");
    url.searchParams.set("limit", "50000");
    return asked(url, context);
  },
  next({ source, status, body }, request, context) {
    if (status !== 200 || request.dataset === "identifiers") return undefined;
    const more = page.safeParse(JSON.parse(body.toString("utf8"))).data?.next_url;
    if (more !== undefined) return asked(new URL(more), context);
    const { pathname } = new URL(source.url);
    if (pairOf(request.subject) !== undefined || request.subject.startsWith("^") || isIntraday(request.interval ?? "1d")) return undefined;
    if (pathname.startsWith("/v2/aggs/")) return asked(actions("splits", "execution_date", request), context);
    return pathname.endsWith("/splits") ? asked(actions("dividends", "ex_dividend_date", request), context) : undefined;
  },
};

function actions(kind: "splits" | "dividends", date: string, { subject, from, to }: FetchRequest): URL {
  const url = new URL(`https://api.polygon.io/v3/reference/${kind}`);
  url.searchParams.set("ticker", tickerOf(subject));
  if (from !== undefined) url.searchParams.set(`${date}.gte`, from);
  if (to !== undefined) url.searchParams.set(`${date}.lte`, to);
  url.searchParams.set("limit", "1000");
  return url;
}

/** The key travels in a header, also to the next page. */
function asked(url: URL, { environment }: ProviderContext): HttpSource {
  return { kind: "http", url: url.href, headers: { accept: "application/json", authorization: `Bearer ${requireKey(polygon, environment)}` } };
}

/** BRK-B is BRK.B, EURUSD=X C:EURUSD, BTC-USD X:BTCUSD, ^GSPC I:SPX. */
function tickerOf(subject: string): string {
  const pair = pairOf(subject);
  if (pair !== undefined) return `${pair.kind === "fx" ? "C" : "X"}:${pair.base}${pair.quote}`;
  if (subject.startsWith("^")) return `I:${subject === "^GSPC" ? "SPX" : subject.slice(1)}`;
  return subject.replaceAll("-", ".");
}

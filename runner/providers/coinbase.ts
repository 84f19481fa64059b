import { dayOf, intervalSeconds, startOfDay } from "./intervals.ts";
import { cryptoSubject } from "./pairs.ts";
import type { HttpSource, Provider } from "./provider.ts";

/** Candles of one page, at most 300. */
const PAGE = 299;

/** Coinbase Exchange: candles of its products. Public, without a key. Without a first day the latest 300 candles come. */
export const coinbase: Provider = {
  name: "coinbase",
  datasets: ["bars"],
  subject: cryptoSubject,
  hosts: ["api.exchange.coinbase.com"],
  // Ten requests a second are allowed.
  limit: { requests: 5, perSeconds: 1 },
  intervals: ["1d", "1m", "5m", "15m", "1h", "6h"],
  source({ subject, from, interval = "1d", to }) {
    const product = subject.includes("-") ? subject : subject.replace(/(USDT|USDC|[A-Z]{3})$/, "-$1");
    const url = new URL(`https://api.exchange.coinbase.com/products/${product}/candles`);
    url.searchParams.set("granularity", String(intervalSeconds(interval)));
    return from === undefined ? { kind: "http", url: url.href } : window(url, startOfDay(from), endOf(to));
  },
  // Windows of time, one after the other: an empty one only means that nothing was traded in it.
  next({ source, status }, { to }) {
    const url = new URL(source.url);
    const end = url.searchParams.get("end");
    if (status !== 200 || end === null) return undefined;
    const start = Date.parse(end) / 1_000 + Number(url.searchParams.get("granularity"));
    return start > endOf(to) ? undefined : window(url, start, endOf(to));
  },
};

/** The last second that is wanted. */
function endOf(to: string | undefined): number {
  return (to === undefined ? startOfDay(dayOf(Date.now() / 1_000)) : startOfDay(to)) + 86_399;
}

function window(url: URL, start: number, last: number): HttpSource {
  const end = Math.min(start + PAGE * Number(url.searchParams.get("granularity")), last);
  url.searchParams.set("start", new Date(start * 1_000).toISOString());
  url.searchParams.set("end", new Date(end * 1_000).toISOString());
  return { kind: "http", url: url.href };
}

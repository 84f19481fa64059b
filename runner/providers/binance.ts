import { z } from "zod";
import { startOfDay } from "./intervals.ts";
import { cryptoSubject } from "./pairs.ts";
import type { Provider } from "./provider.ts";

const PAGE = 1_000;
const page = z.array(z.tuple([z.number()], z.unknown()));

/** Binance: klines of its spot market. Public; data-api.binance.vision is its host for market data alone and answers from everywhere. */
export const binance: Provider = {
  name: "binance",
  datasets: ["bars"],
  subject: cryptoSubject,
  hosts: ["data-api.binance.vision", "api.binance.com"],
  // 6,000 units a minute, of which a page costs two; far less will do.
  limit: { requests: 10, perSeconds: 1 },
  intervals: ["1d", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "3d", "1w", "1mo"],
  source({ subject, from, to, interval = "1d" }) {
    const url = new URL("https://data-api.binance.vision/api/v3/klines");
    url.searchParams.set("symbol", subject.replace("-", ""));
    url.searchParams.set("interval", interval === "1mo" ? "1M" : interval);
    url.searchParams.set("startTime", String(from === undefined ? 0 : startOfDay(from) * 1_000));
    if (to !== undefined) url.searchParams.set("endTime", String((startOfDay(to) + 86_400) * 1_000 - 1));
    url.searchParams.set("limit", String(PAGE));
    return { kind: "http", url: url.href };
  },
  next({ source, status, body }) {
    const klines = status === 200 ? page.safeParse(JSON.parse(body.toString("utf8"))).data : undefined;
    const last = klines?.at(-1)?.[0];
    if (klines === undefined || last === undefined || klines.length < PAGE) return undefined;
    const url = new URL(source.url);
    url.searchParams.set("startTime", String(last + 1));
    return { ...source, url: url.href };
  },
};

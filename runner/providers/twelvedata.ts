import { z } from "zod";
import { pairOf } from "./pairs.ts";
import { requireKey, type Provider } from "./provider.ts";

/** Bars of one answer. */
const PAGE = 5_000;
const page = z.object({ values: z.array(z.object({ datetime: z.string() })) });

/** Twelve Data: bars of shares, indices, currencies and crypto-currencies, adjusted for splits. */
export const twelvedata: Provider = {
  name: "twelvedata",
  datasets: ["bars"],
  subject: /^[A-Z0-9][A-Z0-9.=-]{0,19}$/,
  hosts: ["api.twelvedata.com"],
  // Eight credits a minute, 800 a day without a paid plan.
  limit: { requests: 8, perSeconds: 60 },
  key: { from: "https://twelvedata.com/account/api-keys", required: true },
  intervals: ["1d", "1m", "5m", "15m", "30m", "45m", "1h", "2h", "4h", "8h", "1w", "1mo"],
  source({ subject, from, to, interval = "1d" }, { environment }) {
    const pair = pairOf(subject);
    const url = new URL("https://api.twelvedata.com/time_series");
    url.searchParams.set("symbol", pair === undefined ? subject.replaceAll("-", ".") : `${pair.base}/${pair.quote}`);
    url.searchParams.set("interval", interval.replace("mo", "month").replace(/m$/, "min").replace("d", "day").replace("w", "week"));
    url.searchParams.set("outputsize", String(PAGE));
    if (from !== undefined) url.searchParams.set("start_date", from);
    if (to !== undefined) url.searchParams.set("end_date", `${to} 23:59:59`);
    return { kind: "http", url: url.href, headers: { accept: "application/json", authorization: `apikey ${requireKey(twelvedata, environment)}` } };
  },
  // The newest come first: an older page ends where this one ends.
  next({ source, status, body }) {
    const values = status === 200 ? page.safeParse(JSON.parse(body.toString("utf8"))).data?.values : undefined;
    const oldest = values?.at(-1)?.datetime;
    const url = new URL(source.url);
    if (values === undefined || oldest === undefined || values.length < PAGE || oldest === url.searchParams.get("end_date")) return undefined;
    url.searchParams.set("end_date", oldest);
    return { ...source, url: url.href };
  },
};

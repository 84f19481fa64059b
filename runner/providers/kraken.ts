import { intervalSeconds, startOfDay } from "./intervals.ts";
import { cryptoSubject } from "./pairs.ts";
import type { Provider } from "./provider.ts";

/** Kraken: OHLC of its pairs. Public, without a key. It only has the latest 720 bars of each length, whatever the first day. */
export const kraken: Provider = {
  name: "kraken",
  datasets: ["bars"],
  subject: cryptoSubject,
  hosts: ["api.kraken.com"],
  limit: { requests: 1, perSeconds: 1 },
  intervals: ["1d", "1m", "5m", "15m", "30m", "1h", "4h", "1w", "15d"],
  source({ subject, from, interval = "1d" }) {
    const url = new URL("https://api.kraken.com/0/public/OHLC");
    // Kraken's own names of two currencies.
    url.searchParams.set("pair", subject.replace("-", "").replace(/^BTC/, "XBT").replace(/^DOGE/, "XDG"));
    url.searchParams.set("interval", String(intervalSeconds(interval) / 60));
    // since leaves out the bar at that very moment.
    if (from !== undefined) url.searchParams.set("since", String(startOfDay(from) - 1));
    return { kind: "http", url: url.href };
  },
};

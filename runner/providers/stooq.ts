import { keyOf, type Provider } from "./provider.ts";
import { pairOf } from "./pairs.ts";

const letters: Readonly<Record<string, string>> = { "1d": "d", "1w": "w", "1mo": "m" };
/** Yahoo's endings of exchanges, as Stooq writes them. */
const endings: Readonly<Record<string, string>> = { L: "uk", DE: "de", T: "jp", HK: "hk", WA: "pl", BD: "hu" };
const indices: Readonly<Record<string, string>> = { "^GSPC": "^spx", "^DJI": "^dji", "^IXIC": "^ndq", "^NDX": "^ndx", "^FTSE": "^ftm", "^GDAXI": "^dax", "^N225": "^nkx" };

/** Stooq: daily, weekly and monthly bars as CSV, adjusted for splits and dividends. It may ask for a key, or for a browser. */
export const stooq: Provider = {
  name: "stooq",
  datasets: ["bars"],
  subject: /^[A-Z0-9^][A-Z0-9.^=_-]{0,31}$/,
  hosts: ["stooq.com"],
  limit: { requests: 1, perSeconds: 10 },
  key: { from: "https://stooq.com", required: false },
  intervals: Object.keys(letters),
  source({ subject, from, to, interval = "1d" }, { environment }) {
    const url = new URL("https://stooq.com/q/d/l/");
    url.searchParams.set("s", symbolOf(subject));
    url.searchParams.set("i", letters[interval] ?? "d");
    if (from !== undefined) url.searchParams.set("d1", from.replaceAll("-", ""));
    if (to !== undefined) url.searchParams.set("d2", to.replaceAll("-", ""));
    const key = keyOf(stooq, environment);
    if (key !== undefined) url.searchParams.set("apikey", key);
    return { kind: "http", url: url.href };
  },
};

/** AAPL is aapl.us, VOD.L vod.uk, EURUSD=X eurusd. */
function symbolOf(subject: string): string {
  const pair = pairOf(subject);
  if (pair !== undefined) return `${pair.base}${pair.quote}`.toLowerCase();
  const [, name, ending] = /^(.+)\.([A-Z]{1,2})$/.exec(subject) ?? [];
  if (name !== undefined && ending !== undefined && Object.hasOwn(endings, ending)) return `${name}.${endings[ending]}`.toLowerCase();
  return indices[subject] ?? (subject.startsWith("^") ? subject.toLowerCase() : `${subject.replaceAll(".", "-")}.us`.toLowerCase());
}

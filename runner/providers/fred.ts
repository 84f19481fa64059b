import { z } from "zod";
import { requireKey, type Provider } from "./provider.ts";

/** As many vintages as FRED shows in one answer … */
const MOST_VINTAGES = 2_000;
/** … and as many as it lists in one. */
const LISTED_VINTAGES = 10_000;
const vintages = z.object({ count: z.number(), vintage_dates: z.array(z.string().regex(/^\d{4}-\d{2}-\d{2}$/)) });
const observations = z.object({ count: z.number(), offset: z.number(), observations: z.array(z.unknown()) });

/** Before the first vintage, and after the last. */
const [BEGINNING, END] = ["1776-07-04", "9999-12-31"];

/**
 * The days at which the windows of a series meet, from the oldest, so that they stay as they are when vintages are added. Neighbours share a vintage: what is
 * withdrawn with the first vintage after a window was still shown in the next one.
 */
function seams(dates: readonly string[]): string[] {
  return dates.filter((_, at) => at > 0 && at < dates.length - 1 && at % (MOST_VINTAGES - 1) === 0);
}

/** Sets a window, from a seam to the next one. The seams to come are kept behind the #, which is not sent. */
function setWindow(url: URL, from: string, [to, ...rest]: readonly string[]): void {
  url.searchParams.set("realtime_start", from);
  url.searchParams.set("realtime_end", to ?? END);
  url.hash = to === undefined ? "" : [to, ...rest].join(",");
}

/** FRED and ALFRED of the Federal Reserve Bank of St. Louis: series of the economy with every vintage, so that they can be read as known at any time. */
export const fred: Provider = {
  name: "fred",
  datasets: ["macro"],
  subject: /^[A-Z0-9][A-Z0-9_.-]{0,63}$/,
  hosts: ["api.stlouisfed.org"],
  // 120 requests a minute are allowed.
  limit: { requests: 100, perSeconds: 60 },
  key: { from: "https://fred.stlouisfed.org/docs/api/api_key.html", required: true },
  async source({ subject, from, to }, context) {
    const key = requireKey(fred, context.environment);
    const address = (path: string, parameters: Readonly<Record<string, string>>) => {
      const url = new URL(`https://api.stlouisfed.org/fred/${path}`);
      for (const [name, value] of Object.entries({ series_id: subject, file_type: "json", ...parameters, api_key: key })) url.searchParams.set(name, value);
      return { kind: "http" as const, url: url.href, headers: { accept: "application/json" } };
    };
    // A daily series has more vintages than one answer may show: it comes in windows.
    const dates: string[] = [];
    for (let count = 1; dates.length < count; ) {
      const listed = vintages.safeParse(await context.json(address("series/vintagedates", { offset: String(dates.length), limit: String(LISTED_VINTAGES) }))).data;
      dates.push(...(listed?.vintage_dates ?? []));
      count = listed === undefined || listed.vintage_dates.length === 0 ? 0 : listed.count;
    }
    const first = address("series/observations", {
      realtime_start: BEGINNING,
      realtime_end: END,
      ...(from === undefined ? {} : { observation_start: from }),
      ...(to === undefined ? {} : { observation_end: to }),
    });
    const url = new URL(first.url);
    setWindow(url, BEGINNING, seams(dates));
    return { ...first, url: url.href };
  },
  // After the observations, by the hundred thousand and window after window, comes the description of the series.
  next({ source, status, body }) {
    const url = new URL(source.url);
    if (status !== 200 || !url.pathname.endsWith("/observations")) return undefined;
    const page = observations.safeParse(JSON.parse(body.toString("utf8"))).data;
    if (page === undefined) return undefined;
    const read = page.offset + page.observations.length;
    if (page.observations.length > 0 && read < page.count) {
      url.searchParams.set("offset", String(read));
    } else if (url.hash !== "") {
      const [from = "", ...rest] = url.hash.slice(1).split(",");
      url.searchParams.delete("offset");
      setWindow(url, from, rest);
    } else {
      url.pathname = "/fred/series";
      for (const name of ["realtime_start", "realtime_end", "observation_start", "observation_end", "offset"]) url.searchParams.delete(name);
    }
    return { ...source, url: url.href };
  },
};

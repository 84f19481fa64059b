import { z } from "zod";
import { requireKey, type Provider } from "./provider.ts";

/** As many vintages as FRED shows in one answer. */
const MOST_VINTAGES = 2_000;
const vintages = z.object({ vintage_dates: z.array(z.string().regex(/^\d{4}-\d{2}-\d{2}$/)) });
const observations = z.object({ count: z.number(), offset: z.number(), observations: z.array(z.unknown()) });

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
    // A daily series may have more vintages than one answer holds: then the last of them are asked for.
    const cut = vintages.safeParse(await context.json(address("series/vintagedates", { sort_order: "desc", offset: String(MOST_VINTAGES - 1), limit: "1" }))).data;
    return address("series/observations", {
      realtime_start: cut?.vintage_dates[0] ?? "1776-07-04",
      realtime_end: "9999-12-31",
      ...(from === undefined ? {} : { observation_start: from }),
      ...(to === undefined ? {} : { observation_end: to }),
    });
  },
  // After the observations, by the hundred thousand, comes the description of the series.
  next({ source, status, body }) {
    const url = new URL(source.url);
    if (status !== 200 || !url.pathname.endsWith("/observations")) return undefined;
    const page = observations.safeParse(JSON.parse(body.toString("utf8"))).data;
    if (page === undefined) return undefined;
    const read = page.offset + page.observations.length;
    if (page.observations.length > 0 && read < page.count) {
      url.searchParams.set("offset", String(read));
    } else {
      url.pathname = "/fred/series";
      for (const name of ["realtime_start", "realtime_end", "observation_start", "observation_end", "offset"]) url.searchParams.delete(name);
    }
    return { ...source, url: url.href };
  },
};

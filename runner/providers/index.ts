import { EXIT, UserError } from "../config/user-error.ts";
import { alphavantage } from "./alphavantage.ts";
import { binance } from "./binance.ts";
import { coinbase } from "./coinbase.ts";
import { fmp } from "./fmp.ts";
import { fred } from "./fred.ts";
import { kraken } from "./kraken.ts";
import { polygon } from "./polygon.ts";
import { datasets, type Dataset, type FetchRequest, type Provider } from "./provider.ts";
import { sample } from "./sample.ts";
import { sec } from "./sec.ts";
import { stooq } from "./stooq.ts";
import { tiingo } from "./tiingo.ts";
import { twelvedata } from "./twelvedata.ts";
import { yahoo } from "./yahoo.ts";

/** Every provider that can be asked. Files of the user come in through `importFile` instead. */
export const providers: Readonly<Record<string, Provider>> = {
  sample, yahoo, tiingo, polygon, twelvedata, alphavantage, stooq, binance, coinbase, kraken, sec, fmp, fred,
};

/** The provider of a name, or one sentence that lists the names. */
export function findProvider(name: string): Provider {
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (provider === undefined) {
    throw new UserError(`There is no provider ${name}.`, {
      exitCode: EXIT.usage,
      hint: `Providers: ${Object.keys(providers).join(", ")}. Files come in with marketbase import.`,
    });
  }
  return provider;
}

/** Checks what is to be fetched, so that nothing unexpected becomes part of an address. */
export function checkRequest(provider: Provider, request: { dataset: string; subject: string; from?: string | undefined; to?: string | undefined; interval?: string | undefined }): FetchRequest {
  const dataset = datasets.find((known) => known === request.dataset);
  if (dataset === undefined || !provider.datasets.includes(dataset)) {
    throw new UserError(`The provider ${provider.name} has no ${request.dataset}.`, { exitCode: EXIT.usage, hint: `It has ${provider.datasets.join(" and ")}.` });
  }
  const subject = isTicker(dataset) ? request.subject.toUpperCase() : request.subject;
  if (!provider.subject.test(subject)) {
    throw new UserError(`"${request.subject.slice(0, 40)}" cannot be a ${isTicker(dataset) ? "symbol" : "name"} of ${provider.name}.`, {
      exitCode: EXIT.usage,
      hint: "Symbols look like AAPL, BRK-B, ^GSPC, EURUSD=X or OCDO.L.",
    });
  }
  for (const date of [request.from, request.to]) {
    if (date !== undefined && !isDate(date)) {
      throw new UserError(`"${date.slice(0, 40)}" is not a date.`, { exitCode: EXIT.usage, hint: "Dates are written as 2024-12-31." });
    }
  }
  if (request.from !== undefined && request.to !== undefined && request.from > request.to) {
    throw new UserError(`The first day ${request.from} lies after the last day ${request.to}.`, { exitCode: EXIT.usage });
  }
  const intervals = provider.intervals ?? ["1d"];
  if (request.interval !== undefined && !intervals.includes(request.interval)) {
    throw new UserError(`The provider ${provider.name} has no bars of ${request.interval.slice(0, 10)}.`, { exitCode: EXIT.usage, hint: `It has ${intervals.join(", ")}.` });
  }
  return { dataset, subject, from: request.from, to: request.to, interval: request.interval };
}

function isTicker(dataset: Dataset): boolean {
  return dataset !== "trades" && dataset !== "documents";
}

/** Whether a text is a day as 2024-12-31. */
export function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

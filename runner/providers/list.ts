import type pg from "pg";
import { rows } from "../database/pool.ts";
import { table } from "../output/table.ts";
import { providers } from "./index.ts";
import { intervalSeconds } from "./intervals.ts";
import { keyOf, keyVariable, type ProviderContext } from "./provider.ts";

/** What there is to know of a provider. */
export interface ListedProvider {
  readonly name: string;
  readonly title: string;
  readonly datasets: readonly string[];
  /** Lengths of its bars, the shortest first; empty where it has none. */
  readonly intervals: readonly string[];
  readonly limit: { readonly requests: number; readonly perSeconds: number } | null;
  /** The variable that holds its key, whether it has to be there and whether it is; null where no key is wanted. */
  readonly key: { readonly variable: string; readonly required: boolean; readonly present: boolean; readonly from: string } | null;
  readonly priority: number;
  readonly priceBasis: string;
  readonly bodyCount: number;
  readonly lastSuccessAt: string | null;
  readonly lastErrorAt: string | null;
  readonly lastError: string | null;
  readonly health: string;
}

interface HealthRow extends Record<string, unknown> {
  readonly provider: string;
  readonly title: string;
  readonly priority: number;
  readonly price_basis: string;
  readonly body_count: number;
  readonly last_success_at: string | null;
  readonly last_error_at: string | null;
  readonly last_error: string | null;
  readonly health: string;
}

/** The providers with what they have, their limits, whether their key is there, and how it went lately; the best priority first. */
export async function listProviders(pool: pg.Pool, environment: ProviderContext["environment"]): Promise<ListedProvider[]> {
  const health = await rows<HealthRow>(
    pool,
    `select provider, title, priority, price_basis, body_count::float8, last_error, health,
       to_char(last_success_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_success_at,
       to_char(last_error_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_error_at
     from ingest.provider_health order by priority`,
  );
  return health.flatMap((row) => {
    const provider = Object.hasOwn(providers, row.provider) ? providers[row.provider] : undefined;
    if (provider === undefined) return [];
    return {
      name: provider.name,
      title: row.title,
      datasets: provider.datasets,
      intervals: provider.datasets.includes("bars") ? [...(provider.intervals ?? ["1d"])].sort((a, b) => intervalSeconds(a) - intervalSeconds(b)) : [],
      limit: provider.limit ?? null,
      key:
        provider.key === undefined
          ? null
          : { variable: keyVariable(provider), required: provider.key.required, present: keyOf(provider, environment) !== undefined, from: provider.key.from },
      priority: row.priority,
      priceBasis: row.price_basis,
      bodyCount: row.body_count,
      lastSuccessAt: row.last_success_at,
      lastErrorAt: row.last_error_at,
      lastError: row.last_error,
      health: row.health,
    };
  });
}

/** The same for people: one line each, then what is wrong and what is missing. */
export function providersTable(listed: readonly ListedProvider[]): string {
  const lines = table(
    ["provider", "has", "bars of", "requests", "key", "last success", "health"],
    listed.map(({ name, datasets, intervals, limit, key, lastSuccessAt, health }) => [
      name, datasets.join(", "), intervals.join(" "), limit === null ? "" : `${limit.requests} in ${limit.perSeconds} s`, keyText(key),
      lastSuccessAt?.replace("T", " ").replace("Z", "") ?? "", health,
    ]),
  );
  const errors = listed.filter(({ health, lastError }) => health === "failing" && lastError !== null).map(({ name, lastErrorAt, lastError }) => `${name}, ${lastErrorAt ?? ""}: ${lastError ?? ""}`);
  const missing = listed.flatMap(({ name, key }) => (key !== null && key.required && !key.present ? [`${name} is left out until ${key.variable} holds a key from ${key.from}`] : []));
  return [lines, errors.join("\n"), missing.join("\n")].filter((part) => part !== "").join("\n\n");
}

function keyText(key: ListedProvider["key"]): string {
  if (key === null) return "not wanted";
  if (key.present) return "present";
  return key.required ? "missing" : "optional";
}

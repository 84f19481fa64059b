import { readFile } from "node:fs/promises";
import type pg from "pg";
import { EXIT, UserError } from "../config/user-error.ts";
import { one, rows } from "../database/pool.ts";
import { transaction } from "../database/transaction.ts";
import { fetchBounded, type HttpLimits, type HttpResponse } from "./http.ts";
import { checkRequest, findProvider } from "./index.ts";
import { nextPage } from "./next-page.ts";
import { askInTurn, type Patience } from "./pace.ts";
import type { HttpSource, Provider, ProviderContext } from "./provider.ts";
import { retryableError } from "./retryable-error.ts";

/** One thing to fetch, on behalf of a run. */
export interface LandRequest {
  readonly runId: string | number;
  readonly provider: string;
  readonly dataset: string;
  readonly subject: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly interval?: string | undefined;
  /** A further page, as the one before it said; the first one unless given. */
  readonly page?: HttpSource | undefined;
}

/** Where the body lies now. */
export interface Landed {
  readonly rawResponseId: string;
  /** False when the body equals the one before it for the same request: then nothing was stored. */
  readonly isNew: boolean;
  /** The page after this one, to be given to `fetchAndLand` as `page`; undefined when it was the last. */
  readonly next?: HttpSource | undefined;
}

/**
 * Asks a provider and stores the exact body, whatever it says: what it means is decided in SQL. A limit of the provider (429), a server
 * that fails (5xx) and a network that is away are retryable errors once `patience` is at its end, and nothing is stored.
 */
export async function fetchAndLand(
  pool: pg.Pool,
  request: LandRequest,
  environment: ProviderContext["environment"] = process.env,
  patience: Patience = {},
): Promise<Landed> {
  const provider = findProvider(request.provider);
  const wanted = checkRequest(provider, request);
  const context = contextFor(pool, provider, environment, patience);
  const source = request.page ?? (await provider.source(wanted, context));
  const { url, method, status, headers, contentType, body } =
    source.kind === "file"
      ? { url: source.url, method: "READ", status: 200, headers: {}, contentType: source.contentType, body: await readFile(source.path) }
      : { method: "GET", ...(await ask(pool, provider, source, environment, patience)), url: source.url };
  const fetchedAt = new Date();
  const next = source.kind === "file" ? undefined : nextPage(provider, { source, status, body }, wanted, context);
  return await transaction(pool, async (client) => {
    const landed = await one<{ raw_response_id: string; is_new: boolean }>(
      client,
      "select raw_response_id::text, is_new from ingest.land($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      [
        request.runId, provider.name, wanted.dataset, wanted.subject, url, method, status, JSON.stringify(headers), contentType ?? null, body, fetchedAt,
        coversUntil(next, wanted.to, fetchedAt),
      ],
    );
    return { rawResponseId: landed.raw_response_id, isNew: landed.is_new, ...(next === undefined ? {} : { next }) };
  });
}

/** Until when an answer tells everything: not at all while pages follow, to the end of the last day that was asked for, or (null) until it arrived. */
function coversUntil(next: HttpSource | undefined, to: string | undefined, fetchedAt: Date): string | null {
  if (next !== undefined) return "-infinity";
  const end = to === undefined ? undefined : new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000);
  return end !== undefined && end < fetchedAt ? end.toISOString() : null;
}

/** What the provider may use. */
export function contextFor(pool: pg.Pool, provider: Provider, environment: ProviderContext["environment"], patience: Patience = {}): ProviderContext {
  return {
    environment,
    async cik(symbol) {
      const [found] = await rows<{ cik: string }>(pool, "select cik from market.instrument where symbol = $1 and cik is not null", [symbol]);
      return found?.cik;
    },
    async json(source) {
      const { status, body } = await ask(pool, provider, source, environment, patience);
      try {
        if (status === 200) return JSON.parse(body.toString("utf8")) as unknown;
      } catch (error) {
        throw new UserError(`${new URL(source.url).host} sent something else than JSON.`, { cause: error });
      }
      throw new UserError(`${new URL(source.url).host} answered with status ${status}.`);
    },
  };
}

/** Asks the provider itself, or the server that MARKETBASE_<PROVIDER>_URL names in its place, not faster than the provider allows. */
async function ask(pool: pg.Pool, provider: Provider, source: HttpSource, environment: ProviderContext["environment"], patience: Patience): Promise<HttpResponse> {
  const variable = `MARKETBASE_${provider.name.toUpperCase()}_URL`;
  const own = environment[variable];
  if (own === undefined || own === "") {
    return await askInTurn(pool, provider, environment, patience, async () =>
      refuseLimit(pool, provider, await fetchBounded(source.url, source.headers ?? {}, { hosts: provider.hosts })),
    );
  }
  const base = URL.parse(own);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new UserError(`${variable} must look like http://127.0.0.1:8080.`, { exitCode: EXIT.usage, hint: "Correct it or unset it to ask the provider itself." });
  }
  const { pathname, search } = new URL(source.url);
  const limits: HttpLimits = { hosts: [base.host], ownServer: true };
  const address = new URL(`${base.pathname.replace(/\/$/, "")}${pathname}${search}`, base).href;
  return await askInTurn(pool, provider, environment, patience, async () => refuseLimit(pool, provider, await fetchBounded(address, source.headers ?? {}, limits)));
}

/** A longer body is data: what a provider says of its limit is a sentence or a page. */
const LONGEST_NOTICE = 16 * 1024;

/** An answer that only says that the limit is used up counts as a 429, whatever its status: `ingest.limit_notice` knows the words. */
async function refuseLimit(pool: pg.Pool, { name }: Provider, response: HttpResponse): Promise<HttpResponse> {
  if (response.body.length > LONGEST_NOTICE) return response;
  const { words, seconds } = await one<{ words: string | null; seconds: number | null }>(
    pool,
    "select words, ceil(extract(epoch from wait))::float8 as seconds from ingest.limit_notice($1, $2, $3)",
    [name, response.status, response.body],
  );
  if (seconds === null) return response;
  throw retryableError(`${name} asks to wait (MB011): ${words ?? `status ${response.status}`}`, { retryAfterSeconds: seconds, isLimit: true });
}

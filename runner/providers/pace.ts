import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { EXIT, UserError } from "../config/user-error.ts";
import { value } from "../database/pool.ts";
import type { Provider } from "./provider.ts";
import { isRetryable, retryableError, type RetryableError } from "./retryable-error.ts";

/** How long a caller is willing to wait in its place; a worker puts its job off instead. */
export interface Patience {
  /** Longest wait for a turn, and for a provider that says when to come again; default 10 s. */
  readonly waitSeconds?: number;
  /** How often a server or network that fails is asked in all; default once. */
  readonly attempts?: number;
  readonly signal?: AbortSignal | undefined;
}

const WAIT_SECONDS = 10;

/** The first pause after a failure; each one after it is twice as long … */
const FAILURE_SECONDS = 2;
/** … up to this. */
const LONGEST_FAILURE_SECONDS = 300;

/**
 * Does one request when it is the provider's turn, across all processes: `ingest.reserve_request` in the database decides. A provider that limits is left
 * alone by everybody until the time that it names (Retry-After).
 */
export async function askInTurn<T>(
  pool: pg.Pool,
  provider: Pick<Provider, "name" | "limit">,
  environment: Readonly<Record<string, string | undefined>>,
  { waitSeconds = WAIT_SECONDS, attempts = 1, signal }: Patience,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    await takeTurn(pool, provider, environment, waitSeconds, signal);
    try {
      return await work();
    } catch (failure) {
      if (!isRetryable(failure)) throw failure;
      const error = await withWait(pool, provider, failure);
      const pause = secondsUntilRetry(error, attempt);
      if (error.isLimit) await pool.query("select ingest.pause_provider($1, make_interval(secs => $2), $3)", [provider.name, pause, error.message]);
      // The turn after a limit waits for as long as it was told to: nothing to count.
      const again = error.isLimit ? pause <= waitSeconds && attempt < 10 : attempt < attempts;
      if (!again) throw error;
      if (!error.isLimit) await sleep(pause * 1_000, undefined, { signal });
    }
  }
}

/** A limit without a word on its end lasts as long as the row of the provider says. */
async function withWait(pool: pg.Pool, { name }: Pick<Provider, "name">, error: RetryableError): Promise<RetryableError> {
  if (!error.isLimit || error.retryAfterSeconds !== undefined) return error;
  const retryAfterSeconds = await value<number>(pool, "select extract(epoch from ingest.limit_wait($1, 429, null))::float8", [name]);
  return retryableError(error.message, { retryAfterSeconds, isLimit: true, cause: error });
}

/** The limit that counts is the user's own ($2 a minute), else that of the provider's row, else that of its file ($3 in $4 seconds). */
const turnQuery = `
  select extract(epoch from ingest.reserve_request(
    provider,
    coalesce($2, case when requests_per_minute is null then $3::integer end),
    case when $2::integer is not null then 60 when requests_per_minute is null then $4::float8 end,
    make_interval(secs => $5)))::float8
  from ingest.provider
  where provider = $1`;

/** Waits for its turn; a wait that is too long becomes an error that says when to come again. */
async function takeTurn(
  pool: pg.Pool,
  provider: Pick<Provider, "name" | "limit">,
  environment: Readonly<Record<string, string | undefined>>,
  waitSeconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const own = ownLimit(provider, environment);
  const seconds = await value<number>(pool, turnQuery, [provider.name, own ?? null, provider.limit?.requests ?? null, provider.limit?.perSeconds ?? null, waitSeconds]);
  if (seconds > waitSeconds) {
    throw retryableError(`${provider.name} is not to be asked for another ${Math.ceil(seconds)} seconds.`, { retryAfterSeconds: Math.ceil(seconds), isLimit: true });
  }
  if (seconds > 0) await sleep(seconds * 1_000, undefined, { signal });
}

/** The requests per minute of MARKETBASE_<PROVIDER>_REQUESTS_PER_MINUTE, such as those of a paid plan; undefined where it is not set. */
function ownLimit({ name }: Pick<Provider, "name">, environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const variable = `MARKETBASE_${name.toUpperCase()}_REQUESTS_PER_MINUTE`;
  const own = environment[variable];
  if (own === undefined || own === "") return undefined;
  if (!/^[1-9]\d{0,5}$/.test(own)) {
    throw new UserError(`${variable} must be a number of requests.`, { exitCode: EXIT.usage, hint: "Correct it, or unset it for the limit that is usual for this provider." });
  }
  return Number(own);
}

/**
 * After how many seconds to try again: as long as the provider wants, and up to a tenth (at most a minute) more, so that not all come back at once;
 * after failures twice as long each time, between half and all of it at random.
 */
export function secondsUntilRetry({ retryAfterSeconds }: Pick<RetryableError, "retryAfterSeconds">, attempt: number, random: () => number = Math.random): number {
  if (retryAfterSeconds !== undefined) return retryAfterSeconds + random() * Math.min(retryAfterSeconds / 10 + 0.1, 60);
  return Math.min(FAILURE_SECONDS * 2 ** (attempt - 1), LONGEST_FAILURE_SECONDS) * (0.5 + random() / 2);
}

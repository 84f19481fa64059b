import type pg from "pg";
import { isBrokenConnection } from "../database/connection-error.ts";
import { createPool, rows } from "../database/pool.ts";
import { asciiJson } from "./json.ts";
import { createMemory } from "./memory.ts";
import { keyOf, openMirror, type Instrument, type Mirror, type SetVersion } from "./mirror.ts";
import { unpack, type PackedVector } from "./packed.ts";
import { openRedis, type RedisConnection } from "./redis.ts";

/** Most symbols of one request. */
export const MAX_SYMBOLS = 500;
/** Most values of one answer. */
export const MAX_VALUES = 100_000;
/** Room for vectors in memory: ten thousand instruments of 250 features fit. */
const MEMORY_BYTES = 64 << 20;
/** Most connections to the database. */
const CONNECTIONS = 4;

/** What is asked for. */
export interface OnlineRequest {
  readonly set: string;
  readonly symbols: readonly string[];
  /** The version in force where it is left out. */
  readonly version?: string | undefined;
  /** All of the set where they are left out. */
  readonly features?: readonly string[] | undefined;
}

/** Where vectors come from, in the order in which they are asked. */
export const sources = ["memory", "redis", "postgresql"] as const;
export type Source = (typeof sources)[number];

/** Why an instrument that is not in memory was not read from Redis either. */
export type FallbackReason =
  /** REDIS_URL is not set. */
  | "redis-off"
  /** Redis is not connected, too slow or refuses. */
  | "redis-away"
  /** Changes of the database cannot be followed right now, so that nothing in Redis can be trusted. */
  | "not-followed"
  /** The version that is asked for is not the one in force. */
  | "other-version"
  /** Nothing is there: not published yet, forgotten, flushed, or there is no vector at all. */
  | "missing"
  /** What is there was published before the last change. */
  | "outdated"
  /** What is there is no vector of this instrument and version. */
  | "garbage";

/** The newest vectors that were asked for, in the order in which they were. */
export interface OnlineAnswer {
  readonly set: string;
  readonly version: string;
  readonly selection: Selection;
  readonly vectors: readonly { readonly symbol: string; readonly vector: PackedVector | undefined }[];
  readonly from: ReadonlySet<Source>;
  /** How many had to come from the database, and why. */
  readonly fallback: ReadonlyMap<FallbackReason, number>;
}

/** Which values of a vector are asked for. */
export interface Selection {
  readonly names: readonly string[];
  /** Place of each name in the vector, from 0. */
  readonly positions: readonly number[];
  /** Before each value in JSON: its name, and the comma that parts it from the one before. */
  readonly labels: readonly Buffer[];
  /** Length of all of them. */
  readonly labelBytes: number;
}

/** Reads the newest features: from memory and Redis what is certain to be what the database has, from the database all else. */
export interface OnlineReader {
  read(request: OnlineRequest): Promise<OnlineAnswer>;
  close(): Promise<void>;
}

/** An error that is the caller's to mend; shaped like those of the database. */
export interface OnlineError extends Error {
  readonly code: string;
  readonly hint: string;
}

/** Makes one. */
export function onlineError(code: "MB001" | "MB002" | "MB003", message: string, hint: string): OnlineError {
  return Object.assign(new Error(message), { code, hint });
}

/** How a reader is opened. */
export interface ReaderOptions {
  /** Connects as `marketbase_authenticator`. */
  readonly url: string;
  /** The role that reads. */
  readonly role: string;
  readonly redisUrl: string | undefined;
  /** Room for vectors that were read before, in bytes; default 64 MB, 0 keeps none. */
  readonly memoryBytes?: number | undefined;
  /** Longest time for one statement. */
  readonly statementMilliseconds: number;
  /** Longest wait of a read for Redis; default READ_MS. */
  readonly redisMilliseconds?: number | undefined;
  readonly say: (message: string) => void;
}

/** A request with its names looked up. */
interface Plan {
  readonly edition: number;
  readonly set: Pick<SetVersion, "set" | "version" | "id">;
  readonly selection: Selection;
  readonly instruments: readonly Instrument[];
  readonly keys: string[];
}

const resolveQuery = `
  select found.version, found.feature_set_version_id::text as id, found.feature_names as names,
    array(
      select instrument.symbol || ' ' || instrument.instrument_id
      from unnest(market.instrument_ids($3)) with ordinality as asked (instrument_id, position)
      join market.instrument as instrument using (instrument_id)
      order by asked.position
    ) as instruments
  from feature.version_of($1, $2) as found`;

const vectorsQuery = "select vector.packed from feature.online_vectors($1, array_fill($2::bigint, array[cardinality($1::bigint[])])) as vector";

/** What memory and Redis have of a plan; what is undefined is for the database to say. */
interface Recalled {
  readonly vectors: readonly (PackedVector | undefined)[];
  readonly from: Set<Source>;
  readonly fallback: Map<FallbackReason, number>;
}

/** Opens a reader. It answers from its first moment on, from the database until Redis and the notifications are there. */
export function openOnlineReader({ url, role, redisUrl, memoryBytes = MEMORY_BYTES, statementMilliseconds, redisMilliseconds, say }: ReaderOptions): OnlineReader {
  const pool = createPool(url, {
    name: "marketbase online",
    max: CONNECTIONS,
    connectMilliseconds: 2_000,
    settings: { role, statement_timeout: String(statementMilliseconds), default_transaction_read_only: "on" },
    onError: (error) => say(`A connection to the database broke: ${error.message}`),
  });
  const redis = redisUrl === undefined ? undefined : openRedis(redisUrl, say, redisMilliseconds);
  const mirror = openMirror({ url, role, say });
  redis?.client.connect().catch(redis.trouble);
  const memory = createMemory(memoryBytes);
  const plans = new WeakMap<OnlineRequest, Plan>();

  /** Undefined where nothing is certain any more by the time that Redis has answered. */
  const recall = async (plan: Plan): Promise<Recalled | undefined> => {
    const kept = plan.keys.map((key) => memory.get(key));
    const isCurrent = (vector: PackedVector | undefined, key: string) => vector !== undefined && vector.generation === mirror.generation(key);
    const wanted = plan.keys.filter((key, i) => !isCurrent(kept[i], key));
    const found = wanted.length === 0 ? new Map<string, Buffer | null>() : await askRedis(redis, wanted);
    // What was committed while Redis answered counts too.
    if (!mirror.isFresh() || mirror.edition() !== plan.edition) return undefined;
    const from = new Set<Source>();
    const fallback = new Map<FallbackReason, number>();
    const vectors = plan.instruments.map((instrument, i) => {
      const key = plan.keys[i] as string;
      if (isCurrent(kept[i], key)) {
        from.add("memory");
        return kept[i];
      }
      const judged = typeof found === "string" ? found : judge(found.get(key), plan.set, instrument, mirror.generation(key));
      if (typeof judged === "string") {
        fallback.set(judged, (fallback.get(judged) ?? 0) + 1);
        return undefined;
      }
      from.add("redis");
      memory.set(key, judged);
      return judged;
    });
    return { vectors, from, fallback };
  };

  return {
    read: async (request) => {
      const known = planOf(plans, mirror, request);
      const recalled = known === undefined ? undefined : await recall(known);
      const reason = redis === undefined ? "redis-off" : mirror.isFresh() ? "other-version" : "not-followed";
      const plan = recalled === undefined || known === undefined ? await resolve(pool, request) : known;
      const { vectors, from, fallback } = recalled ?? { vectors: [], from: new Set<Source>(), fallback: new Map([[reason, request.symbols.length]]) };
      const absent = plan.instruments.flatMap((_, i) => (vectors[i] === undefined ? [i] : []));
      const all = plan.instruments.map((_, i) => vectors[i]);
      if (absent.length > 0) {
        from.add("postgresql");
        const read = await readVectors(pool, plan.set.id, absent.map((i) => (plan.instruments[i] as Instrument).id));
        absent.forEach((i, j) => {
          const vector = read[j];
          const key = plan.keys[i];
          all[i] = vector;
          if (vector !== undefined && key !== undefined) memory.set(key, vector);
        });
      }
      return {
        set: plan.set.set,
        version: plan.set.version,
        selection: plan.selection,
        vectors: plan.instruments.map(({ symbol }, i) => ({ symbol, vector: all[i] })),
        from,
        fallback,
      };
    },
    close: async () => {
      redis?.close();
      await mirror.close();
      await pool.end();
    },
  };
}

/** What is under these keys, or why Redis cannot say. */
async function askRedis(redis: RedisConnection | undefined, keys: string[]): Promise<ReadonlyMap<string, Buffer | null> | FallbackReason> {
  if (redis === undefined) return "redis-off";
  if (!redis.usable()) return "redis-away";
  try {
    const found = keys.length === 1 ? [await redis.client.getBuffer(keys[0] as string)] : await redis.client.mgetBuffer(keys);
    return new Map(keys.map((key, i) => [key, found[i] ?? null]));
  } catch (error) {
    // A key of another type is garbage; anything else is Redis itself.
    if ((error as Error).message.startsWith("WRONGTYPE")) return "garbage";
    redis.trouble(error as Error);
    return "redis-away";
  }
}

/** The vector that Redis has, or why it is not served. What is undefined was not asked for, as memory had it, and changed meanwhile. */
function judge(bytes: Buffer | null | undefined, set: Plan["set"], instrument: Instrument, generation: number | undefined): PackedVector | FallbackReason {
  if (bytes === undefined) return "outdated";
  if (bytes === null) return "missing";
  const vector = unpack(bytes);
  if (vector === undefined || vector.featureSetVersionId !== set.id || vector.instrumentId !== instrument.id) return "garbage";
  return vector.generation === generation ? vector : "outdated";
}

/** Looks a request up in the mirror; undefined for what the database has to say something about: another version, an unknown name. */
function planOf(plans: WeakMap<OnlineRequest, Plan>, mirror: Mirror, request: OnlineRequest): Plan | undefined {
  if (!mirror.isFresh()) return undefined;
  const known = plans.get(request);
  if (known?.edition === mirror.edition()) return known;
  const set = mirror.set(request.set);
  if (set === undefined || (request.version !== undefined && request.version !== set.version)) return undefined;
  const instruments = request.symbols.map((symbol) => mirror.instrument(symbol));
  if (instruments.some((instrument) => instrument === undefined)) return undefined;
  const found = instruments as Instrument[];
  const plan = {
    edition: mirror.edition(), set, instruments: found, selection: select(set.set, set.names, set.positions, request), keys: found.map((instrument) => keyOf(set, instrument)),
  };
  plans.set(request, plan);
  return plan;
}

/** Looks a request up in the database, which says what is wrong with it. */
async function resolve(pool: pg.Pool, request: OnlineRequest): Promise<Plan> {
  const [found] = await ask<{ version: string; id: string; names: string[]; instruments: string[] }>(pool, resolveQuery, [request.set, request.version ?? null, [...request.symbols]]);
  if (found === undefined) throw new Error("feature.version_of gave nothing");
  const positions = new Map(found.names.map((name, i) => [name, i]));
  return {
    edition: -1,
    set: { set: request.set, version: found.version, id: Number(found.id) },
    selection: select(request.set, found.names, positions, request),
    instruments: found.instruments.map((text) => ({ symbol: text.slice(0, text.lastIndexOf(" ")), id: Number(text.slice(text.lastIndexOf(" ") + 1)) })),
    keys: [],
  };
}

function select(set: string, known: readonly string[], places: ReadonlyMap<string, number>, { features, symbols }: OnlineRequest): Selection {
  const names = features ?? known;
  const unknown = names.find((name) => !places.has(name));
  if (unknown !== undefined) {
    const some = known.slice(0, 20).join(", ");
    throw onlineError("MB003", `Set ${set} has no feature ${JSON.stringify(unknown.slice(0, 80))}.`, `It has: ${some}${known.length > 20 ? `, … (${known.length} in all)` : ""}.`);
  }
  if (names.length * symbols.length > MAX_VALUES) {
    throw onlineError("MB001", `${symbols.length} symbols of ${names.length} features are more than ${MAX_VALUES} values.`, "Ask for fewer symbols at once, or name the features that you need.");
  }
  const labels = names.map((name, i) => Buffer.from(`${i === 0 ? "" : ","}${asciiJson(name)}:`));
  return { names, positions: names.map((name) => places.get(name) as number), labels, labelBytes: labels.reduce((sum, { length }) => sum + length, 0) };
}

async function readVectors(pool: pg.Pool, featureSetVersionId: number, instrumentIds: readonly number[]): Promise<(PackedVector | undefined)[]> {
  const read = await ask<{ packed: Buffer | null }>(pool, vectorsQuery, [instrumentIds, featureSetVersionId]);
  return read.map(({ packed }) => {
    const vector = unpack(packed);
    if (vector === undefined && packed !== null) throw new Error("feature.online_vectors wrote what runner/online/packed.ts cannot read");
    return vector;
  });
}

/**
 * The rows of a query that only reads. That a connection broke while nobody used it shows when it is used: the query is asked again on another one,
 * as often as there can be such connections. Whoever cannot connect at all is told at once.
 */
async function ask<R extends pg.QueryResultRow>(pool: pg.Pool, text: string, values: unknown[]): Promise<R[]> {
  for (let broken = 0; ; broken++) {
    try {
      return await rows<R>(pool, text, values);
    } catch (error) {
      if (broken === CONNECTIONS || !isBrokenConnection(error)) throw error;
    }
  }
}

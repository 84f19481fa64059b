import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onlineKey } from "./redis.ts";

/** The version of a set that is in force. */
export interface SetVersion {
  readonly set: string;
  readonly version: string;
  readonly id: number;
  readonly names: readonly string[];
  readonly positions: ReadonlyMap<string, number>;
}

/** An instrument. */
export interface Instrument {
  readonly id: number;
  readonly symbol: string;
}

/** What this process knows of the database without asking it. */
export interface Mirror {
  /**
   * Whether all that was committed is known here, up to the time that a notification takes. False from the first doubt on: while the listening
   * connection is being made, when it broke, and when it has not answered for three seconds.
   */
  isFresh(): boolean;
  /** Grows with every change of names, so that what was made of them can be thrown away. */
  edition(): number;
  set(name: string): SetVersion | undefined;
  instrument(symbol: string): Instrument | undefined;
  /** The generation that a value under this key must have; undefined while a change is being looked up, and where nothing is known of it. */
  generation(key: string): number | undefined;
  close(): Promise<void>;
}

/** The listening connection is asked this often whether it is there … */
const BEAT_MS = 1_000;
/** … and what is known counts for so long after it was last asked with success. */
const TRUST_MS = 3_000;

const CHANNEL = "marketbase_online";

const setsQuery = `
  select feature_set.name as set, version.version, version.feature_set_version_id::text as id, version.feature_names as names
  from feature.feature_set as feature_set
  join feature.feature_set_version as version using (feature_set_id)
  where version.is_current`;

const instrumentsQuery = "select instrument.instrument_id::text as id, instrument.symbol from market.instrument as instrument";

const generationsQuery = `
  select online.feature_set_version_id::text || ':' || online.instrument_id as pair, online.generation::text as generation
  from feature.online_vector as online
  join feature.feature_set_version as version using (feature_set_version_id)
  where version.is_current`;

const someGenerationsQuery = `
  select asked.feature_set_version_id::text || ':' || asked.instrument_id as pair, online.generation::text as generation
  from unnest($1::bigint[], $2::bigint[]) as asked (feature_set_version_id, instrument_id)
  left join feature.online_vector as online using (feature_set_version_id, instrument_id)`;

/** Where the mirror listens. */
export interface MirrorOptions {
  /** A connection as `marketbase_authenticator`. */
  readonly url: string;
  readonly role: string;
  readonly say: (message: string) => void;
}

/**
 * Keeps names and generations in memory: a connection listens to `marketbase_online`, on which every transaction that changes a vector, a set or
 * an instrument says so when it commits. Whoever has `isFresh()` and a value of the right generation need not ask the database.
 */
export function openMirror({ url, role, say }: MirrorOptions): Mirror {
  let sets = new Map<string, SetVersion>();
  let instruments = new Map<string, Instrument>();
  let generations = new Map<string, number>();
  /** Keys that changed and whose generation is not read again yet, with the number of the notification. */
  const changed = new Map<string, number>();
  let notifications = 0;
  let catalogueChanged = 0;
  let edition = 0;
  let trustedUntil = 0;
  let loaded = false;
  let closed = false;
  let warned = false;
  let current: pg.Client | undefined;
  let wake: (() => void) | undefined;

  const onNotification = (payload: string) => {
    notifications++;
    if (payload === "catalogue") catalogueChanged = notifications;
    else changed.set(`mb:${payload}`, notifications);
    wake?.();
  };

  const loadAll = async (client: pg.Client) => {
    const seen = notifications;
    const loading = { sets: new Map<string, SetVersion>(), instruments: new Map<string, Instrument>(), generations: new Map<string, number>() };
    await client.query("begin isolation level repeatable read read only");
    const setRows = await client.query<{ set: string; version: string; id: string; names: string[] }>(setsQuery);
    const instrumentRows = await client.query<{ id: string; symbol: string }>(instrumentsQuery);
    const generationRows = await client.query<{ pair: string; generation: string }>(generationsQuery);
    await client.query("commit");
    for (const { set, version, id, names } of setRows.rows) {
      loading.sets.set(set, { set, version, id: Number(id), names, positions: new Map(names.map((name, i) => [name, i])) });
    }
    for (const { id, symbol } of instrumentRows.rows) loading.instruments.set(symbol, { id: Number(id), symbol });
    for (const { pair, generation } of generationRows.rows) loading.generations.set(`mb:${pair}`, Number(generation));
    ({ sets, instruments, generations } = loading);
    edition++;
    forget(seen);
  };
  const loadSome = async (client: pg.Client) => {
    const seen = notifications;
    const keys = [...changed.keys()].map((key) => key.split(":"));
    const { rows } = await client.query<{ pair: string; generation: string | null }>(someGenerationsQuery, [keys.map(([, version]) => version), keys.map(([, , id]) => id)]);
    for (const { pair, generation } of rows) {
      if (generation === null) generations.delete(`mb:${pair}`);
      else generations.set(`mb:${pair}`, Number(generation));
    }
    forget(seen, false);
  };
  // A key that was named again while its generation was being read is read once more.
  const forget = (seen: number, all = true) => {
    for (const [key, number] of changed) if (number <= seen) changed.delete(key);
    if (all && catalogueChanged <= seen) catalogueChanged = 0;
  };

  /** One connection from its beginning to its end. */
  const follow = async (client: pg.Client) => {
    await client.connect();
    await client.query("select set_config('role', $1, false), set_config('statement_timeout', '10s', false)", [role]);
    await client.query(`listen ${CHANNEL}`);
    loaded = false;
    while (!closed) {
      if (!loaded || catalogueChanged > 0) {
        await loadAll(client);
        loaded = true;
      }
      const asked = performance.now();
      if (changed.size > 0) await loadSome(client);
      else await client.query("select");
      trustedUntil = asked + TRUST_MS;
      warned = false;
      if (changed.size === 0 && catalogueChanged === 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, BEAT_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
    }
  };

  const run = async () => {
    for (let attempt = 0; !closed; attempt++) {
      const client = new pg.Client({
        connectionString: url, application_name: "marketbase online", connectionTimeoutMillis: 2_000, query_timeout: 12_000, keepAlive: true,
      });
      current = client;
      const broken = new Promise<never>((_, reject) => {
        client.on("error", reject);
        client.on("end", () => reject(new Error("the connection ended")));
      });
      client.on("notification", ({ payload }) => onNotification(payload ?? ""));
      try {
        await Promise.race([follow(client), broken]);
      } catch (error) {
        if (!closed && !warned) say(`Changes of features cannot be followed (${(error as Error).message}): features are read from PostgreSQL.`);
        warned = true;
        if (performance.now() < trustedUntil) attempt = 0;
      }
      loaded = false;
      broken.catch(() => undefined);
      wake?.();
      await client.end().catch(() => undefined);
      if (!closed) await sleep(Math.min(200 * 2 ** attempt, 5_000), undefined, { ref: false });
    }
  };
  const running = run();

  return {
    isFresh: () => loaded && catalogueChanged === 0 && performance.now() < trustedUntil,
    edition: () => edition,
    set: (name) => sets.get(name),
    instrument: (symbol) => instruments.get(symbol),
    generation: (key) => (changed.has(key) ? undefined : generations.get(key)),
    close: async () => {
      closed = true;
      wake?.();
      await current?.end().catch(() => undefined);
      await running;
    },
  };
}

/** The key of an instrument in the version of a set that is in force. */
export function keyOf(set: SetVersion, instrument: Instrument): string {
  return onlineKey(set.id, instrument.id);
}

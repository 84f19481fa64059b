import t from "tap";
import { testDatabase, type Refusal, type TestDatabase } from "../support/database.ts";
import type { Series } from "./reference.ts";

/** A kernel as the catalogue describes it. */
interface Kernel {
  readonly name: string;
  readonly arguments: readonly { readonly name: string; readonly type: string }[];
  readonly comment: string;
  /** The SQL expression after `lookback:` in the comment. */
  readonly lookback: string | null;
}

/** Every function of the schema ta that returns a series is a kernel, unless its comment says that it is a helper. */
async function kernels(db: TestDatabase): Promise<Kernel[]> {
  return db.query<Kernel & Record<string, unknown>>(`
    select p.proname as name,
      (select jsonb_agg(jsonb_build_object('name', a.name, 'type', format_type(a.type, null)) order by a.n)
       from unnest(p.proargnames, p.proargtypes::oid[]) with ordinality as a (name, type, n)) as arguments,
      obj_description(p.oid) as comment,
      substring(obj_description(p.oid) from '\\nlookback: ([^\\n]+)$') as lookback
    from pg_proc p
    where p.pronamespace = 'ta'::regnamespace and p.prorettype = 'float8[]'::regtype
      and coalesce(obj_description(p.oid), '') not like 'Helper of the kernels:%'
    order by p.proname`);
}

/** Whole-number arguments small enough for short series; an argument that is not here fails the tests, so that nobody forgets it. */
const integers: Record<string, number> = {
  period: 5, bars: 3, span: 5, fast: 3, slow: 6, signal: 4, fast_k: 5, slow_k: 3, slow_d: 3, fast_d: 3, lag: 2,
  ma_type: 0, fast_ma_type: 0, slow_ma_type: 2, signal_ma_type: 0, slow_k_ma_type: 2, slow_d_ma_type: 0, fast_d_ma_type: 0,
  short: 3, medium: 5, long: 8,
  min_period: 2, max_period: 5, unstable: 3, bars_per_year: 252, multiple: 2,
  roc_1: 2, roc_2: 3, roc_3: 4, roc_4: 5, mean_1: 2, mean_2: 3, mean_3: 2, mean_4: 4,
};
const numbers: Record<string, number> = {
  deviations: 2, quantile: 0.8, volume_factor: 0.7, fast_limit: 0.5, slow_limit: 0.05, alpha: 0.2, divisor: 10_000, penetration: 0.3,
  acceleration: 0.02, maximum: 0.2, start_value: 0, offset_on_reverse: 0.01,
  acceleration_init_long: 0.02, acceleration_long: 0.02, acceleration_max_long: 0.2, acceleration_init_short: 0.03, acceleration_short: 0.01, acceleration_max_short: 0.3,
};

/** Numbers that repeat from run to run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** Bars with prices of two decimals and whole volumes, as markets have them. */
function market(bars: number, seed = 1): Record<string, Series> {
  const next = random(seed);
  const columns: Record<string, Series> = { open: [], high: [], low: [], close: [], volume: [], series: [], periods: [], x: [], y: [] };
  const cents = (price: number) => Math.round(price * 100) / 100;
  let close = 100;
  for (let bar = 0; bar < bars; bar++) {
    const open = cents(close + next() - 0.5);
    close = cents(open + 4 * next() - 2);
    columns["open"]!.push(open);
    columns["close"]!.push(close);
    columns["high"]!.push(cents(Math.max(open, close) + next()));
    columns["low"]!.push(cents(Math.min(open, close) - next()));
    columns["volume"]!.push(Math.round(1e6 * next()));
    columns["series"]!.push(close);
    columns["periods"]!.push(1 + 5 * next());
    columns["x"]!.push(close);
    columns["y"]!.push(cents(100 + 0.5 * (close - 100) + next()));
  }
  return columns;
}

type Values = Record<string, unknown>;

function placeholders({ name, arguments: args }: Kernel): string {
  return `ta.${name}(${args.map((argument, index) => `$${index + 1}::${argument.type}`).join(", ")})`;
}

/** Kernels of fractions: their domain is -1 to 1. */
const ofFractions = new Set(["acos", "asin"]);

/** The values of a call, in the order of the arguments. */
function valuesOf(kernel: Kernel, given: Values): unknown[] {
  return kernel.arguments.map(({ name, type }) => {
    const value = name in given ? given[name] : type === "integer" ? integers[name] : numbers[name];
    if (value === undefined) throw new Error(`ta.${kernel.name}: say in this file which value to test ${name} (${type}) with`);
    return Array.isArray(value) && ofFractions.has(kernel.name) ? value.map((x: number | null) => (x === null ? null : x / 1000)) : value;
  });
}

function call(db: TestDatabase, kernel: Kernel, given: Values): Promise<Series | null> {
  return db.value<Series | null>(`select ${placeholders(kernel)}`, valuesOf(kernel, given));
}

async function lookbackOf(db: TestDatabase, kernel: Kernel): Promise<number | "unbounded"> {
  if (kernel.lookback === "unbounded") return "unbounded";
  const names = kernel.arguments.filter(({ type }) => type === "integer");
  const given = names.map(({ name }) => `${integers[name]} as ${name}`).concat("1").join(", ");
  // Infinity: unbounded with these arguments.
  return (await db.value<number | null>(`select nullif((${kernel.lookback})::float8, 'infinity') from (select ${given}) as given`)) ?? "unbounded";
}

/** Unbounded kernels that forget all that was before some event, such as a change of sides, or may begin a bar later with the same value. */
const forgetful = new Set(["sar", "sarext", "decay", "edecay", "nvi"]);
/** The type of a moving average: one of nine numbers. */
const isChoice = ({ name }: { name: string }) => name.endsWith("ma_type");
const isSeries = ({ type }: { type: string }) => type === "double precision[]";
const copy = (columns: Record<string, Series>) => structuredClone(columns);
const clean = (result: Series) => result.every((x) => x === null || Number.isFinite(x));

t.test("the catalogue of kernels", async (t) => {
  const db = await testDatabase(t);
  const found = await kernels(db);
  t.ok(found.length >= 70, `${found.length} kernels`);
  for (const kernel of found) {
    t.ok(kernel.lookback !== null, `ta.${kernel.name} ends its comment with a line lookback: …`);
    for (const part of ["Arguments:", "NULL behaviour:", "Warm-up:", "Errors:"]) t.match(kernel.comment, part, `ta.${kernel.name} documents ${part}`);
  }
  t.strictSame(
    await db.query(`select p.proname from pg_proc p where p.pronamespace = 'ta'::regnamespace
      and (p.provolatile <> 'i' or p.proparallel <> 's' or obj_description(p.oid) is null
        or not has_function_privilege('marketbase_reader', p.oid, 'execute')
        or exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0))`),
    [],
    "all functions of ta are immutable, parallel safe, documented, executable by the reader and not by public",
  );
  t.strictSame((await db.query("select ta.sma(array[1, 2, 3], 2) as r", [], "reader"))[0], { r: [null, 1.5, 2.5] }, "the reader computes");
});

t.test("bad arguments are refused with one clear sentence", async (t) => {
  const db = await testDatabase(t);
  const bars = market(12);
  const found = await kernels(db);
  // One connection for all: a pool closes a connection on which a query failed.
  const client = await db.owner.connect();
  const refusal = async (kernel: Kernel, given: Values): Promise<Refusal> => {
    try {
      await client.query(`select ${placeholders(kernel)}`, valuesOf(kernel, { ...bars, ...given }));
    } catch (error) {
      return error as Refusal;
    }
    throw new Error(`ta.${kernel.name} accepted ${JSON.stringify(given)}`);
  };
  try {
    for (const kernel of found) {
      for (const { name, type } of kernel.arguments) {
        const bad: unknown[] = type === "integer" ? [-1, null] : type === "double precision" ? [NaN, Infinity, null] : [];
        if (isChoice({ name })) bad.push(9);
        else if (type === "integer" && name !== "bars" && name !== "unstable") bad.push(0);
        for (const value of bad) {
          const { code, message, hint } = await refusal(kernel, { [name]: value });
          t.equal(code, "MB001", `ta.${kernel.name}, ${name} ${value}`);
          t.match(message, new RegExp(`^ta\\.${kernel.name}: ${name} must be .*\\.$`), message);
          t.ok(hint, "with a hint");
        }
      }
      const series = kernel.arguments.filter(isSeries);
      for (const { name } of series.length > 1 ? series : []) {
        const { code, message } = await refusal(kernel, { [name]: bars[name]!.slice(1) });
        t.equal(code, "MB001", `ta.${kernel.name}, ${name} of another length`);
        t.match(message, new RegExp(`^ta\\.${kernel.name}: .* bars where the other arrays have .*\\.$`), message);
      }
      for (const shifted of ["[0:1]={1,2}", "{{1,2},{3,4}}"]) {
        const { code, message } = await refusal(kernel, Object.fromEntries(series.map(({ name }) => [name, shifted])));
        t.equal(code, "MB001", `ta.${kernel.name}, arrays like ${shifted}`);
        t.match(message, `ta.${kernel.name}: `, message);
      }
    }
  } finally {
    client.release();
  }
});

t.test("degenerate series", async (t) => {
  const db = await testDatabase(t);
  const bars = 120;
  for (const kernel of await kernels(db)) {
    const name = `ta.${kernel.name}`;
    const series = kernel.arguments.filter(isSeries);
    const all = (value: unknown) => Object.fromEntries(series.map((argument) => [argument.name, value]));
    const lookback = await lookbackOf(db, kernel);

    t.strictSame(await call(db, kernel, all([])), [], `${name}: no bars, no values`);
    for (const argument of series) {
      t.equal(await call(db, kernel, { ...market(bars), [argument.name]: null }), null, `${name}: ${argument.name} NULL gives NULL`);
    }
    const nothing = name.endsWith("_count") ? 0 : null;
    t.strictSame(await call(db, kernel, all(Array(bars).fill(null))), Array(bars).fill(nothing), `${name}: nothing but NULL`);
    t.equal((await call(db, kernel, market(1)))?.length, 1, `${name}: one bar`);
    for (const argument of kernel.arguments.filter((argument) => argument.type === "integer" && !isChoice(argument))) {
      const result = await call(db, kernel, { ...market(bars), [argument.name]: 1000 });
      t.ok(result?.length === bars && clean(result), `${name}: ${argument.name} longer than the series`);
      const one = await db.query(`select ${placeholders(kernel)} as r`, valuesOf(kernel, { ...market(bars), [argument.name]: 1 })).catch((error: { code?: string }) => error.code);
      t.ok(one === "MB001" || (Array.isArray(one) && clean(one[0]!["r"] as Series)), `${name}: ${argument.name} 1`);
    }
    for (const [what, columns] of Object.entries({
      "constant": { ...all(Array(bars).fill(0.1)), volume: Array(bars).fill(1000) },
      "zero": all(Array(bars).fill(0)),
      "zero volume": { ...market(bars), volume: Array(bars).fill(0) },
      "large": all(market(bars)["close"]!.map((x) => x! * 1e100)),
      "tiny": all(market(bars)["close"]!.map((x) => x! * 1e-100)),
      "wild": all(market(bars)["close"]!.map((x, bar) => (bar % 7 === 3 ? -x! * 1e40 : x))),
    })) {
      const result = await call(db, kernel, columns);
      t.ok(result?.length === bars && clean(result), `${name}: ${what} series`);
    }

    // NULL, NaN and infinity are the same to every kernel, wherever they stand and in whichever argument.
    for (const argument of series) {
      const holed = (value: number | null) => {
        const columns = copy(market(bars));
        for (const bar of [0, 1, 30, 33]) columns[argument.name]![bar] = value;
        return columns;
      };
      const expected = await call(db, kernel, holed(null));
      t.ok(expected?.length === bars && clean(expected), `${name}: NULL in ${argument.name}`);
      for (const value of [NaN, Infinity, -Infinity]) {
        t.strictSame(await call(db, kernel, holed(value)), expected, `${name}: ${value} in ${argument.name} is like NULL`);
      }
      t.not(expected?.at(-1) ?? null, null, `${name}: values again after NULL in ${argument.name}`);
      if (lookback !== "unbounded") {
        const complete = await call(db, kernel, market(bars));
        t.strictSame(expected?.slice(34 + lookback), complete?.slice(34 + lookback), `${name}: nothing left of a NULL in ${argument.name} after ${lookback} bars`);
      }
    }
  }
});

t.test("lookback says how far a kernel reaches, bit for bit", async (t) => {
  const db = await testDatabase(t);
  const bars = 80;
  for (const kernel of await kernels(db)) {
    const lookback = await lookbackOf(db, kernel);
    const columns = market(bars);
    if (lookback === "unbounded") {
      if (forgetful.has(kernel.name)) continue;
      // Behind all warm-ups: the values of a series without its first bar, or with another one, are others, at least at first.
      const whole = market(300);
      const values = async (given: Values) => (await call(db, kernel, given))!.slice(-230);
      const from = (first: (value: number) => Series) =>
        Object.fromEntries(Object.entries(whole).map(([name, series]) => [name, [...first(series[0]!), ...series.slice(1)]]));
      const expected = JSON.stringify(await values(whole));
      let depends = false;
      for (const other of [from(() => []), from(() => [null]), from((value) => [value * 1e3]), from((value) => [value / 1e3])]) depends ||= JSON.stringify(await values(other)) !== expected;
      t.ok(depends, `ta.${kernel.name} is unbounded: its values depend on the bar with which the series begins`);
      continue;
    }
    const full = (await call(db, kernel, columns))!;

    // The last value of the kernel on each bar and some bars before it.
    const args = kernel.arguments.map(({ type }, index) => (isSeries({ type }) ? `($${index + 1}::float8[])[greatest(1, bar - reach):bar]` : `$${index + 1}::${type}`));
    const fromWindows = (reach: number) =>
      db.value<Series>(`select array_agg((ta.${kernel.name}(${args.join(", ")}))[least(bar, reach + 1)] order by bar) from generate_series(1, ${bars}) as bar, (values (${reach})) as w (reach)`, valuesOf(kernel, columns));
    t.strictSame(await fromWindows(lookback), full, `ta.${kernel.name}: ${lookback} earlier bars (${kernel.lookback}) give the value that all bars give`);
    if (lookback > 0) t.notSame((await fromWindows(lookback - 1)).slice(lookback), full.slice(lookback), `ta.${kernel.name}: one bar less does not`);

    const outlier = copy(columns);
    for (const series of Object.values(outlier)) series[10] = series[10]! * 1e9;
    t.strictSame((await call(db, kernel, outlier))?.slice(11 + lookback), full.slice(11 + lookback), `ta.${kernel.name}: an outlier is forgotten after ${lookback} bars`);
  }
});

// In a process of its own: answers are timed to the millisecond.
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import t from "tap";
import { exposedSchemas } from "../../../runner/graphql/preset.ts";
import { seedBars, startApi } from "../../../runner/graphql/testing/api.ts";
import { testDatabase } from "../support/database.ts";

// One server for all of them: reading the schema takes seconds.
const db = await testDatabase(t);
await seedBars(db, 800);
await db.query(`
  create function market.fails(p_code text) returns int language plpgsql stable set search_path to pg_catalog, pg_temp as $$
  begin raise exception using errcode = p_code, message = 'secret of market.instrument at /var/lib', hint = 'do this instead', detail = 'select secret from t'; end $$;
  create function market.sleeps() returns int language plpgsql stable set search_path to pg_catalog, pg_temp as $$
  begin perform pg_sleep(20); return 1; end $$;
  grant execute on function market.fails(text), market.sleeps() to marketbase_reader`);
const api = await startApi(t, db, { statementMilliseconds: 1_500 });
await api.ask("{ instruments { nodes { symbol } } }");

const many = (count: number, text: (n: number) => string) => Array.from({ length: count }, (_, n) => text(n)).join(" ");
const nested = (levels: number): string => (levels === 0 ? "runId" : `parentRun { ${nested(levels - 1)} }`);

t.test("G1: a query that asks for too much is refused within 50 ms, whatever its size", async (t) => {
  const refused: Record<string, [query: string, message: RegExp]> = {
    "16 aliases": [`{ ${many(16, (n) => `a${n}: instruments { totalCount }`)} }`, /has 16 aliases; at most 15/],
    "1,000 aliases": [`{ ${many(1000, (n) => `a${n}: instruments { totalCount }`)} }`, /more than 1000 tokens/],
    "16 aliases through a fragment": [`{ ${many(4, () => "...f")} } fragment f on Query { ${many(4, (n) => `a${n}: instruments { totalCount }`)} }`, /has 16 aliases/],
    "11 levels": [`{ pipelineRuns(first: 1) { nodes { ${nested(8)} } } }`, /11 levels deep; at most 10/],
    "1,001 tokens": [`{ ${many(1001, () => "a")} }`, /more than 1000 tokens/],
    "50,000 tokens": [`{ ${many(49_000, () => "a")} }`, /more than 1000 tokens/],
    "51 directives": [`{ instruments { totalCount ${many(51, () => "@include(if: true)")} } }`, /51 directives; at most 50/],
    "three lists of 100 within each other": ["{ instruments { nodes { priceData { nodes { run { validationResults { nodes { rule } } } } } } } }", /objects; at most 50000/],
    "a fragment bomb": [`{ ...f9 } ${many(9, (n) => `fragment f${n + 1} on Query { ${many(8, () => `...f${n}`)} }`)} fragment f0 on Query { a: instruments { totalCount } }`, /aliases; at most 15/],
  };
  for (const [name, [query, message]] of Object.entries(refused)) {
    // The best of three: other processes of the machine are not what is measured.
    const answers = [await api.ask(query), await api.ask(query), await api.ask(query)];
    for (const { status, errors } of answers) {
      t.match(errors?.[0]?.message, message, name);
      t.equal(status, 400, name);
    }
    const milliseconds = Math.min(...answers.map((answer) => answer.milliseconds));
    t.ok(milliseconds < 50, `${name}: ${milliseconds.toFixed(1)} ms`);
  }
  t.match((await api.ask("query ($n: Int) { instruments(first: $n) { nodes { priceData(first: $n) { nodes { open } } } } }", { n: 500 })).errors?.[0]?.message, /objects/, "cost through variables");
  const within: Record<string, string> = {
    "15 aliases": `{ ${many(15, (n) => `a${n}: instruments { totalCount }`)} }`,
    "10 levels": `{ pipelineRuns(first: 1) { nodes { ${nested(7)} } } }`,
    "50 directives": `{ instruments { totalCount ${many(50, () => "@include(if: true)")} } }`,
  };
  // 50 times the same directive is against another rule of GraphQL; what counts here is that the limits let it pass.
  for (const [name, query] of Object.entries(within)) t.notMatch((await api.ask(query)).text, /at most/, name);
});

t.test("G2: a page has 100 rows, 1000 at most, through variables and last too", async (t) => {
  const rows = async (args: string, variables: Record<string, unknown> = {}) => {
    const { data, errors } = await api.ask(`query ($n: Int) { unused: instruments(first: $n) { totalCount } priceData${args} { nodes { ts } totalCount } }`, { ...variables });
    t.equal(errors, undefined);
    const page = data?.["priceData"] as { nodes: unknown[]; totalCount: string };
    t.equal(String(page.totalCount), "1600");
    return page.nodes.length;
  };
  t.equal(await rows(""), 100);
  t.equal(await rows("(first: 250)"), 250);
  t.equal(await rows("(first: 5000)"), 1000);
  t.equal(await rows("(first: null)"), 100);
  t.equal(await rows("(last: 5000)"), 1000);
  t.equal(await rows("(last: 7)"), 7);
  t.equal(await rows("(first: $n)", { n: 5000 }), 1000);
  t.equal(await rows("(first: $n)", { n: null }), 100);
  t.equal(await rows("(first: $n)"), 100);
  t.equal(await rows("(last: $n)", { n: 5000 }), 1000);

  const { data } = await api.ask("{ instruments { nodes { symbol priceData(first: 5000, orderBy: TS_DESC) { nodes { ts } pageInfo { hasNextPage } } } } }".replace("instruments", "instruments(first: 2)"));
  const nodes = (data?.["instruments"] as { nodes: { priceData: { nodes: unknown[]; pageInfo: { hasNextPage: boolean } } }[] }).nodes;
  t.strictSame(nodes.map(({ priceData }) => [priceData.nodes.length, priceData.pageInfo.hasNextPage]), [[800, false], [800, false]]);

  const groups = (await api.ask("{ priceData(first: 1) { groupedAggregates(groupBy: [TS]) { keys } } }")).data?.["priceData"] as { groupedAggregates: unknown[] };
  t.equal(groups.groupedAggregates.length, 800, "groups of aggregates");
  await db.query("update market.price_data set volume = extract(epoch from ts) + instrument_id");
  const more = (await api.ask("{ priceData(first: 1) { groupedAggregates(groupBy: [VOLUME]) { keys } } }")).data?.["priceData"] as { groupedAggregates: unknown[] };
  t.equal(more.groupedAggregates.length, 1000, "which are a list without pages, stop at 1000 too");
  t.match((await api.ask("{ priceData(first: -1) { nodes { ts } } }")).errors?.[0]?.message, /cannot be negative/);
});

t.test("G2: no list field is without a limit", async (t) => {
  const { data } = await api.ask("{ __schema { types { name fields { name args { name } type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }");
  interface Type { kind: string; name: string | null; ofType?: Type }
  const types = (data?.["__schema"] as { types: { name: string; fields: { name: string; args: { name: string }[]; type: Type }[] | null }[] }).types;
  const scalars = new Set(types.filter(({ fields }) => fields === null).map(({ name }) => name));
  const named = (type: Type): string => (type.ofType === undefined || type.ofType === null ? (type.name ?? "") : named(type.ofType));
  const isList = (type: Type | undefined | null): boolean => type !== undefined && type !== null && (type.kind === "LIST" || (type.kind === "NON_NULL" && isList(type.ofType)));
  const unlimited = types
    .filter(({ name }) => !name.startsWith("__") && !name.endsWith("Connection"))
    .flatMap(({ name, fields }) => (fields ?? []).filter(({ type, args }) => isList(type) && !args.some((arg) => arg.name === "first") && !scalars.has(named(type))).map((field) => `${name}.${field.name}`));
  // It gives a row for each symbol that is asked for, of which 500 are the limit.
  t.strictSame(unlimited, ["Query.onlineFeatures"]);
});

t.test("G5: errors show no SQL, table, path or stack; our own say what to do", async (t) => {
  const fail = (code: string) => api.ask("query ($code: String) { marketFails(code: $code) }", { code });

  const ours = await fail("MB002");
  t.equal(ours.errors?.[0]?.message, "secret of market.instrument at /var/lib", "an error of ours goes out as it is written");
  t.strictSame(ours.errors?.[0]?.extensions, { code: "MB002", hint: "do this instead" });
  t.strictSame(ours.errors?.[0]?.path, ["marketFails"]);

  for (const code of ["XX000", "P0001", "23505", "22012", "42P01", "42501", "57014", "22P02"]) {
    const { errors, text } = await fail(code);
    t.equal(errors?.length, 1);
    t.notMatch(text, /secret|select|\/var\/lib|do this|node_modules|\.ts:|market\./, code);
  }
  const hidden = await fail("XX000");
  const errorId = hidden.errors?.[0]?.extensions?.["errorId"] as string;
  t.match(hidden.errors?.[0]?.message, errorId);
  t.ok(api.log.some((line) => line.includes(errorId) && line.includes("secret of market.instrument")), "the log has the reason under the same identity");

  for (const [query, variables] of [
    ["{ priceData(filter: { ts: { equalTo: \"nonsense\" } }) { nodes { ts } } }", {}],
    ["{ priceData(first: 1, after: \"nonsense\") { nodes { ts } } }", {}],
    ["query ($id: BigInt!) { instrument(instrumentId: $id) { symbol } }", { id: "99999999999999999999999" }],
    ["query ($s: String!) { instrumentBySymbol(symbol: $s) { symbol } }", { s: "\u0000" }],
  ] as const) {
    const { errors, text } = await api.ask(query, variables);
    t.ok(errors !== undefined && errors.length > 0, query);
    t.notMatch(text, /select|market\.|node_modules|\.ts:|\.js:|Error:/i, query);
  }
  t.match((await api.post("not json")).errors?.[0]?.message, /.+/);
  t.notMatch((await api.post("not json")).text, /node_modules|\.js:/);
});

t.test("G7: what the role may not do is not in the schema, and is refused in a sentence", async (t) => {
  const { data } = await api.ask("{ __schema { mutationType { name } subscriptionType { name } queryType { fields { name } } } }");
  const schema = data?.["__schema"] as { mutationType: unknown; subscriptionType: unknown; queryType: { fields: { name: string }[] } };
  t.equal(schema.mutationType, null, "the reader commands nothing");
  t.equal(schema.subscriptionType, null);
  t.same(
    await db.query(
      `select oid::regprocedure::text as command from pg_proc
       where pronamespace::regnamespace::text = any ($1) and provolatile = 'v' and prorettype <> 'trigger'::regtype and has_function_privilege('marketbase_reader', oid, 'execute')`,
      [exposedSchemas],
    ),
    [],
    "since it may execute no command",
  );
  // The matrix: each function against each root field.
  const fields = new Set(schema.queryType.fields.map(({ name }) => name));
  const functions = await db.query<{ field: string; may: boolean; name: string }>(
    `select pronamespace::regnamespace || '_' || proname as name, bool_or(has_function_privilege('marketbase_reader', oid, 'execute')) as may
     from pg_proc where pronamespace::regnamespace::text = any ($1) group by 1 order by 1`,
    [exposedSchemas],
  );
  const field = (name: string) => name.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());
  t.ok(functions.filter(({ may, name }) => may && fields.has(field(name))).length > 20, "what it may ask is there");
  t.same(functions.filter(({ may, name }) => !may && fields.has(field(name))), [], "what it may not is not");
  const rows = await db.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace::regnamespace::text = any ($1) and relkind in ('r', 'p', 'v') and not relispartition
       and not has_table_privilege('marketbase_reader', oid, 'select')`,
    [exposedSchemas],
  );
  t.ok(rows.length > 0, "some tables are nobody's to read");
  t.same(rows.filter(({ name }) => fields.has(field(name)) || fields.has(`${field(name)}s`)), []);

  for (const mutation of ["mutation { qualityAcknowledge(input: {}) { clientMutationId } }", "mutation { __typename }", "subscription { __typename }"]) {
    const { status, errors, text } = await api.ask(mutation);
    t.equal(status, 400, mutation);
    t.match(errors?.[0], { message: /^This role may only read: there is no (mutation|subscription) in its schema\.$/, extensions: { code: "FORBIDDEN" } }, mutation);
    t.notMatch(text, /INTERNAL|node_modules/);
  }
  t.match((await api.ask("query ($code: String) { marketFails(code: $code) }", { code: "42501" })).errors, [{ message: "Your role may not do that.", extensions: { code: "FORBIDDEN" } }]);
});

t.test("G6: POST with JSON only, and one operation at a time", async (t) => {
  const query = "{ instruments { totalCount } }";
  t.equal((await api.ask(query)).status, 200);
  const get = await fetch(`${api.server.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { accept: "application/json" } });
  t.equal(get.status, 405);
  for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/graphql"]) {
    t.equal((await api.post(`query=${encodeURIComponent(query)}`, { "content-type": type })).status, 415, type);
  }
  t.equal((await api.post(JSON.stringify([{ query }, { query }]))).status, 400, "no batches");
  t.equal((await api.post(JSON.stringify({ query: `{ a } #${"x".repeat(200_000)}` }))).status, 413, "nothing larger than 100 kB");
  const preflight = await fetch(`${api.server.url}/graphql`, { method: "OPTIONS", headers: { origin: "https://evil.example", "access-control-request-method": "POST" } });
  t.equal(preflight.headers.get("access-control-allow-origin"), null, "no other site may ask");
});

t.test("G6: websockets are opened for pages of this server only", async (t) => {
  const opened = async (origin: string | undefined, path = "/graphql") => {
    const asked = request(`${api.server.url}${path}`, {
      headers: {
        connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-protocol": "graphql-transport-ws",
        ...(origin === undefined ? {} : { origin }),
      },
    });
    asked.end();
    const [response] = (await Promise.race([once(asked, "upgrade"), once(asked, "response")])) as [{ statusCode: number }];
    asked.destroy();
    return response.statusCode;
  };
  t.equal(await opened(api.server.url), 101, "our own explorer");
  t.equal(await opened(undefined), 101, "a program, which has no origin");
  for (const origin of ["https://evil.example", "http://127.0.0.1:1", `${api.server.url}.evil.example`, "null"]) t.equal(await opened(origin), 403, origin);
  t.equal(await opened(api.server.url, "/other"), 404);
  t.match(await overWebsocket(`{ ${many(16, (n) => `a${n}: instruments { totalCount }`)} }`), /16 aliases/, "the limits hold there too");
  t.match(await overWebsocket("{ instruments { totalCount } }"), /"totalCount"/);
});

t.test("the server answers to its own name only", async (t) => {
  const status = async (host: string) => {
    const socket = connect(api.server.port, "127.0.0.1");
    socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let text = "";
    for await (const part of socket) text += String(part);
    return Number(text.split(" ")[1]);
  };
  t.equal(await status(`localhost:${api.server.port}`), 200);
  t.equal(await status(`127.0.0.1:${api.server.port}`), 200);
  t.equal(await status("rebound.example"), 421);
});

t.test("a query that takes too long is stopped", async (t) => {
  const { errors, milliseconds } = await api.ask("{ marketSleeps }");
  t.match(errors?.[0]?.message, /took too long/);
  t.ok(milliseconds < 3_000, `${milliseconds.toFixed(0)} ms`);
});

async function overWebsocket(query: string): Promise<string> {
  const socket = new WebSocket(`${api.server.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const next = (name: string) => new Promise<MessageEvent>((resolve) => socket.addEventListener(name, (event) => resolve(event as MessageEvent), { once: true }));
  await next("open");
  const acknowledged = next("message");
  socket.send(JSON.stringify({ type: "connection_init" }));
  await acknowledged;
  const answered = next("message");
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  const text = String((await answered).data);
  socket.close();
  return text;
}

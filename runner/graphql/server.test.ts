import { createServer, request as httpRequest } from "node:http";
import t from "tap";
import { testDatabase } from "../../db/tests/support/database.ts";
import { seedVectors } from "../online/testing/vectors.ts";
import { UserError } from "../config/user-error.ts";
import { startGraphqlServer } from "./server.ts";
import { steps } from "./tags.ts";
import { startApi } from "./testing/api.ts";

const db = await testDatabase(t);
await db.query(`
  create view market.who with (security_invoker = true) as select current_user::text as role, current_setting('statement_timeout') as patience;
  grant select on market.who to marketbase_reader`);
const api = await startApi(t, db, { statementMilliseconds: 4_000 });

t.test("the explorer is served from this machine, and asks no other for anything", async (t) => {
  const page = await fetch(api.server.url);
  t.equal(page.status, 200);
  t.match(page.headers.get("content-type"), /^text\/html/);
  const html = await page.text();
  t.notMatch(html, /(src|href|url|import|fetch)[\s=("']+https?:/i, "no address of another machine");
  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
  t.ok(files.some((path) => path.endsWith(".js")) && files.some((path) => path.endsWith(".css")));
  for (const path of [...files, "/ruru-static/jsonWorker.js", "/ruru-static/graphqlWorker.js", "/ruru-static/editorWorker.js"]) {
    const file = await fetch(new URL(path, api.server.url));
    t.equal(file.status, 200, path);
    if (path.endsWith(".css")) t.notMatch(await file.text(), /url\(["']?https?:/, `${path} loads nothing from elsewhere`);
    else await file.arrayBuffer();
  }
  const other = await fetch(`${api.server.url}/graphql`, { headers: { accept: "text/html" } });
  t.match(await other.text(), /<html/, "the explorer is at /graphql too, for browsers");
});

t.test("the explorer's own question is within the limits", async (t) => {
  const { getIntrospectionQuery } = await import("postgraphile/graphql");
  const { errors, data } = await api.ask(getIntrospectionQuery());
  t.equal(errors, undefined);
  t.ok(data?.["__schema"]);
});

t.test("health says whether the database answers", async (t) => {
  const health = await fetch(`${api.server.url}/health`);
  t.equal(health.status, 200);
  t.strictSame(await health.json(), { status: "ok", database: "ok" });
  t.equal((await fetch(`${api.server.url}/health`, { method: "POST" })).status, 405);
  t.equal((await fetch(`${api.server.url}/nothing`)).status, 404);
});

t.test("what exists in SQL has its name in GraphQL, and its comment", async (t) => {
  const { data } = await api.ask('{ __type(name: "PriceData") { description fields { name description } } }');
  const type = data?.["__type"] as { description: string; fields: { name: string; description: string }[] };
  t.match(type.description, /^Bars as now known/);
  t.match(type.fields.find(({ name }) => name === "knownFrom")?.description, /^From when this version could be known/);
  const root = (await api.ask('{ __type(name: "Query") { fields { name } } }')).data?.["__type"] as { fields: { name: string }[] };
  const names = new Set(root.fields.map(({ name }) => name));
  for (const model of [
    "priceData", "portfolioPositions", "trades", "companyFundamentals", "varCalculations", "performanceMetrics", "portfolioOptimizations",
    "documentEmbeddings", "featureData", "validationResults", "pipelineRuns", "dataLineages", "modelTrainingRuns", "modelPredictions",
  ]) {
    t.ok(names.has(model), model);
  }
  for (const step of steps) {
    t.equal(await db.value("select count(*)::int from pg_proc where pronamespace::regnamespace || '.' || proname = $1", [step]), 1, `${step} is left out, and exists`);
  }
  for (const hidden of ["candidateBars", "candidateFacts", "rawResponseChunks"]) t.notOk(names.has(hidden), hidden);
});

t.test("tables are not written through the API", async (t) => {
  const { data } = await api.ask('{ __schema { mutationType { fields { name } } } }');
  const fields = (data?.["__schema"] as { mutationType: { fields: { name: string }[] } | null }).mutationType?.fields ?? [];
  t.strictSame(fields.filter(({ name }) => /^(create|update|delete)[A-Z]/.test(name)), []);
});

t.test("requests run as marketbase_reader", async (t) => {
  const { data } = await api.ask("{ whos { nodes { role patience } } }");
  t.strictSame(data, { whos: { nodes: [{ role: "marketbase_reader", patience: "4s" }] } });
});

t.test("a port in use is one sentence that names it and says what to do", async (t) => {
  const error = await startGraphqlServer({ urlFor: (purpose) => db.url(purpose), config: { host: "127.0.0.1", port: api.server.port } }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof UserError);
  t.equal((error as UserError).message, `Port ${api.server.port} of 127.0.0.1 is in use by another program.`);
  t.equal((error as UserError).hint, "Choose another one with --port or MARKETBASE_PORT.");
  t.equal((error as UserError).exitCode, 1);
  for (const port of ["abc", "70000", "-1", ""]) {
    const bad = await startGraphqlServer({ urlFor: (purpose) => db.url(purpose), config: { host: "127.0.0.1", port: 0 }, port }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    t.match(bad, { exitCode: 2, message: /is not a port/ }, JSON.stringify(port));
  }
});

t.test("who asks while the schema is read is told to wait; closing ends what is open and frees the port", async (t) => {
  const connections = () => db.value<number>("select count(*)::int from pg_stat_activity where application_name = 'marketbase graphql' and datname = current_database()");
  const before = await connections();
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const starting = startGraphqlServer({ urlFor: (purpose) => db.url(purpose), config: { host: "127.0.0.1", port } });
  let early: Response | undefined;
  while (early === undefined) early = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  t.equal(early.status, 503);
  t.strictSame(await early.json(), { status: "starting" });

  const server = await starting;
  t.equal((await fetch(`${server.url}/health`)).status, 200);
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  t.ok((await connections()) > before);
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  const started = performance.now();
  await server.close();
  await closed;
  t.ok(performance.now() - started < 3_000, "within three seconds, whoever is connected");
  // PostgreSQL ends a session a moment after its client has gone.
  for (const deadline = performance.now() + 5_000; performance.now() < deadline && (await connections()) > before; ) await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(await connections(), before, "no connection to the database stays");
  const again = createServer().listen(port, "127.0.0.1");
  await new Promise((resolve) => again.once("listening", resolve));
  await new Promise((resolve) => again.close(resolve));
});

t.test("the newest features are at /features and in GraphQL, with the same answer and the same mistakes", async (t) => {
  await seedVectors(db);
  const response = await fetch(`${api.server.url}/features/pair?symbols=ONE,TWO,NONE`);
  t.equal(response.status, 200);
  t.equal(response.headers.get("marketbase-source"), "postgresql");
  const { instruments, version } = (await response.json()) as { version: string; instruments: Record<string, unknown>[] };
  t.strictSame(instruments.map(({ symbol, values }) => ({ symbol, values })), [
    { symbol: "ONE", values: { a: 2.5, b: null } },
    { symbol: "TWO", values: { a: -0, b: 0.1 } },
    { symbol: "NONE", values: null },
  ]);
  const query = 'query ($symbols: [String!]!, $features: [String!]) { onlineFeatures(set: "pair", symbols: $symbols, features: $features) { symbol version ts knownFrom revision values } }';
  const { data } = await api.ask(query, { symbols: ["ONE", "TWO", "NONE"] });
  t.strictSame(data?.["onlineFeatures"], instruments.map(({ known_from, ...rest }) => ({ ...rest, version, knownFrom: known_from })));
  t.match((await api.ask(query, { symbols: ["ONE"], features: ["b"] })).data?.["onlineFeatures"], [{ values: { b: null } }]);
  for (const [variables, code] of [[{ symbols: ["OEN"] }, "MB002"], [{ symbols: [] }, "MB001"], [{ symbols: ["ONE"], features: ["z"] }, "MB003"]] as const) {
    const { errors } = await api.ask(query, variables);
    t.equal(errors?.[0]?.extensions?.["code"], code);
    t.ok(errors?.[0]?.extensions?.["hint"]);
  }
  const foreign = await new Promise((resolve) => {
    httpRequest(`${api.server.url}/features/pair?symbols=ONE`, { headers: { host: "evil.example" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end();
  });
  t.equal(foreign, 421, "only under its own name");
});

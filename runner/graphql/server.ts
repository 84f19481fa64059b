import "./environment.ts";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type pg from "pg";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import type { GraphQLSchema } from "postgraphile/graphql";
import type { Config } from "../config/config.ts";
import { EXIT, UserError } from "../config/user-error.ts";
import { createPool } from "../database/pool.ts";
import { ONLINE_PATH, onlineHandler } from "../online/http.ts";
import { openOnlineReader } from "../online/read.ts";
import { ANONYMOUS_ROLE, makePreset } from "./preset.ts";

/** How the server is started. */
export interface GraphqlServerOptions {
  readonly urlFor: (purpose: "graphql") => string;
  /** With `redisUrl` the newest features are read from Redis. */
  readonly config: Pick<Config, "host" | "port"> & Partial<Pick<Config, "redisUrl">>;
  /** From the command line; 0 takes a free one. Without it the port of the configuration counts. */
  readonly port?: string | undefined;
  /** Whether `/` shows the explorer; default true. */
  readonly explorer?: boolean;
  /** Longest time for one statement; default 10 s. */
  readonly statementMilliseconds?: number;
  /** Room in memory for the newest features; see `ReaderOptions`. */
  readonly memoryBytes?: number | undefined;
  /** Hears of errors that callers may not see, and of lost connections. */
  readonly onMessage?: (message: string) => void;
}

/** A running server. */
export interface GraphqlServer {
  readonly url: string;
  readonly port: number;
  /** Ends open requests and websockets, then the connections to the database. */
  close(): Promise<void>;
}

/** Starts the API, its explorer, `/features/<set>` and `/health`. It is ready when the promise is fulfilled. */
export async function startGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  const { host } = options.config;
  const log = options.onMessage ?? (() => undefined);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 });
  // First the port: whoever has none need not wait for the schema. Who asks meanwhile is told to wait.
  let answerRequest = (_request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader("retry-after", "2");
    response.setHeader("connection", "close");
    answer(response, 503, { status: "starting" });
  };
  server.on("request", (request, response) => answerRequest(request, response));
  const port = await listen(server, host, options.port === undefined ? options.config.port : parsePort(options.port));
  const pool = createPool(options.urlFor("graphql"), {
    name: "marketbase graphql",
    max: 10,
    onError: (error) => log(`A connection to the database broke: ${error.message}`),
  });
  const statementMilliseconds = options.statementMilliseconds ?? 10_000;
  const online = openOnlineReader({ url: options.urlFor("graphql"), role: ANONYMOUS_ROLE, redisUrl: options.config.redisUrl, memoryBytes: options.memoryBytes, statementMilliseconds, say: log });
  try {
    let schema: GraphQLSchema | undefined;
    const instance = postgraphile(
      makePreset({
        pool,
        schemaOf: () => schema,
        online: () => online,
        statementMilliseconds,
        explorer: options.explorer ?? true,
        log,
      }),
    );
    schema = await instance.getSchema();
    const services = instance.getResolvedPreset().pgServices ?? [];
    const serv = instance.createServ(grafserv);
    await serv.ready();
    const api = createServer();
    await serv.addTo(api, false);
    const upgradeApi = await serv.getUpgradeHandler();
    const hosts = allowedHosts(host);
    const answerFeatures = onlineHandler(online, log);
    answerRequest = (request, response) => {
      if (!isAllowedHost(request, hosts)) answer(response, 421, { error: "This server answers to its own name only." });
      else if (request.url?.startsWith(ONLINE_PATH) === true) void answerFeatures(request, response);
      else if (pathOf(request) === "/health") void answerHealth(pool, request, response);
      else api.emit("request", request, response);
    };
    // A socket that was upgraded is no connection of the HTTP server any more: whoever closes the server has to close it.
    const upgraded = new Set<Duplex>();
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (upgradeApi === null || pathOf(request) !== "/graphql") refuseUpgrade(socket, "404 Not Found");
      else if (!isAllowedHost(request, hosts) || !isOwnOrigin(request)) refuseUpgrade(socket, "403 Forbidden");
      else {
        upgraded.add(socket);
        socket.once("close", () => upgraded.delete(socket));
        upgradeApi(request, socket, head);
      }
    });
    return {
      url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
      port,
      close: async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
        await closed;
        await online.close();
        await instance.release();
        for (const service of services) await service.release?.();
        await pool.end();
      },
    };
  } catch (error) {
    server.closeAllConnections();
    server.close();
    await online.close();
    await pool.end();
    throw error;
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  throw new UserError(`${JSON.stringify(text)} is not a port.`, { exitCode: EXIT.usage, hint: "Give --port a number between 0 and 65535; 0 takes a free one." });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explainListenError(error, host, port)));
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const other = "Choose another one with --port or MARKETBASE_PORT.";
  if (error.code === "EADDRINUSE") return new UserError(`Port ${port} of ${host} is in use by another program.`, { hint: other, cause: error });
  if (error.code === "EACCES") return new UserError(`This user may not listen on port ${port}.`, { hint: other, cause: error });
  if (error.code === "EADDRNOTAVAIL") return new UserError(`${host} is not an address of this machine.`, { hint: "Use 127.0.0.1.", cause: error });
  return error;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").replace(/\?.*$/s, "");
}

/** On a loopback address only its own names are answered to, so that no foreign page can reach the API under a name of its own (DNS rebinding). */
function allowedHosts(host: string): ReadonlySet<string> | undefined {
  const loopback = new Set(["127.0.0.1", "localhost", "[::1]", "::1"]);
  return loopback.has(host) ? loopback : undefined;
}

function isAllowedHost(request: IncomingMessage, hosts: ReadonlySet<string> | undefined): boolean {
  return hosts === undefined || hosts.has((request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase());
}

/** Browsers send the origin of the page that opens a websocket, and ask nobody whether it may: only pages of this server may. */
function isOwnOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  const from = URL.parse(origin);
  return from !== null && from.host === host;
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function answerHealth(pool: pg.Pool, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    answer(response, 405, { error: "Use GET." });
    return;
  }
  try {
    await Promise.race([pool.query("select"), new Promise((_, reject) => setTimeout(reject, 2_000, new Error("time-out")).unref())]);
    answer(response, 200, { status: "ok", database: "ok" });
  } catch {
    answer(response, 503, { status: "unavailable", database: "no answer" });
  }
}

function answer(response: ServerResponse, status: number, body: Readonly<Record<string, string>>): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { toJson } from "./json.ts";
import { MAX_SYMBOLS, onlineError, sources, type OnlineAnswer, type OnlineReader, type OnlineRequest } from "./read.ts";

/** Longest path with its query. */
export const MAX_URL = 8_192;

/** Where the endpoint lies: `/features/<set>`. */
export const ONLINE_PATH = "/features/";

/** Requests whose text was parsed already. */
const REMEMBERED = 200;

const parameters = new Set(["symbols", "version", "features", "format"]);

const headers = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Makes the handler of `GET /features/<set>?symbols=A,B[&version=…][&features=a,b][&format=json]`. */
export function onlineHandler(reader: OnlineReader, log: (line: string) => void): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  // What is asked again and again need not be parsed again and again.
  const remembered = new Map<string, OnlineRequest>();
  const requestOf = (url: string): OnlineRequest => {
    const known = remembered.get(url);
    if (known !== undefined) return known;
    const parsed = parseRequest(url);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(url, parsed);
    return parsed;
  };
  return async (request, response) => {
    const url = request.url ?? "";
    if (request.method === "OPTIONS") {
      response.writeHead(204, { allow: "GET, HEAD, OPTIONS", "cache-control": "no-store" }).end();
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD, OPTIONS");
      refuse(response, 405, "METHOD", `${request.method} is not answered here.`, "Use GET.");
      return;
    }
    if (url.length > MAX_URL) {
      refuse(response, 414, "MB001", `The address has ${url.length} characters; at most ${MAX_URL} are read.`, "Ask for fewer symbols or features at once.");
      return;
    }
    try {
      const answer = await reader.read(requestOf(url));
      const { body, release } = toJson(answer);
      response.once("close", release);
      send(response, 200, body, sourceHeaders(answer));
    } catch (error) {
      const { status, code, message, hint } = explain(error as DatabaseError, log);
      if (status === 503) response.setHeader("retry-after", "1");
      refuse(response, status, code, message, hint);
    }
  };
}

/** Reads the address. Errors: MB001 for what cannot be one. */
export function parseRequest(url: string): OnlineRequest {
  const question = url.indexOf("?");
  const path = question === -1 ? url : url.slice(0, question);
  const set = decode(path.slice(ONLINE_PATH.length));
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(set)) {
    throw onlineError("MB003", `${JSON.stringify(set.slice(0, 80))} is not the name of a feature set.`, "The address is /features/<set>?symbols=AAPL,MSFT; feature.feature_set lists the sets.");
  }
  const given = new Map<string, string>();
  for (const part of question === -1 ? [] : url.slice(question + 1).split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    if (!parameters.has(name)) throw onlineError("MB001", `There is no parameter ${JSON.stringify(name.slice(0, 40))}.`, `There are: ${[...parameters].join(", ")}.`);
    if (given.has(name)) throw onlineError("MB001", `The parameter ${name} is given twice.`, "Part several values by commas.");
    given.set(name, equals === -1 ? "" : decode(part.slice(equals + 1)));
  }
  const format = given.get("format");
  if (format !== undefined && format !== "json") throw onlineError("MB001", `There is no format ${JSON.stringify(format.slice(0, 40))}.`, "The format is json.");
  const version = given.get("version");
  if (version !== undefined && !/^[0-9A-Za-z._-]{1,64}$/.test(version)) {
    throw onlineError("MB003", `${JSON.stringify(version.slice(0, 80))} is not a version.`, "Leave it out for the version in force.");
  }
  return { set, version, ...checkNames(list(given.get("symbols")), given.has("features") ? list(given.get("features")) : undefined) };
}

/** Symbols and features in the form in which they are looked up, each once. Errors: MB001 for too many or none, MB002 and MB003 for what cannot be a name. */
export function checkNames(symbols: readonly string[], features: readonly string[] | undefined): Pick<OnlineRequest, "symbols" | "features"> {
  const asked = [...new Set(symbols.map((symbol) => symbol.trim().toUpperCase()).filter((symbol) => symbol !== ""))];
  if (asked.length === 0) throw onlineError("MB001", "No symbol is named.", "Name them as in symbols=AAPL,MSFT.");
  if (asked.length > MAX_SYMBOLS) throw onlineError("MB001", `${asked.length} symbols are asked for; at most ${MAX_SYMBOLS} are answered at once.`, "Ask several times.");
  const noSymbol = asked.find((symbol) => !/^[A-Z0-9^=][A-Z0-9.^=/_-]{0,31}$/.test(symbol));
  if (noSymbol !== undefined) throw onlineError("MB002", `${JSON.stringify(noSymbol.slice(0, 40))} cannot be a symbol.`, "market.instrument lists them.");
  if (features === undefined) return { symbols: asked };
  const wanted = [...new Set(features.filter((name) => name !== ""))];
  if (wanted.length === 0) throw onlineError("MB001", "features names none.", "Leave it out for all features of the set.");
  return { symbols: asked, features: wanted };
}

function list(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(",").map((name) => name.trim());
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw onlineError("MB001", "The address has a % that does not begin an encoded character.", "Encode % as %25.");
  }
}

/** Where the vectors came from: memory, redis, postgresql, or several; and why they were not in Redis. */
function sourceHeaders({ from, fallback }: OnlineAnswer): Record<string, string> {
  const source = sources.filter((one) => from.has(one)).join(", ");
  if (fallback.size === 0) return { "marketbase-source": source };
  return { "marketbase-source": source, "marketbase-fallback": [...fallback].map(([reason, count]) => `${reason}=${count}`).join(", ") };
}

interface DatabaseError extends Error {
  readonly code?: string;
  readonly hint?: string;
}

const statuses: Readonly<Record<string, number>> = { MB001: 400, MB002: 404, MB003: 404 };

/** SQLSTATEs and codes of sockets that say: not now. */
const unavailable = /^(08...|53...|57...|25P0[34]|55P03|ECONN.*|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;

/** What of an error may leave the server: ours as they are, of others only whether trying again makes sense; the log has the rest. */
function explain(error: DatabaseError, log: (line: string) => void): { status: number; code: string; message: string; hint: string } {
  const { code = "", message, hint = "" } = error;
  const status = statuses[code];
  if (status !== undefined) return { status, code, message, hint };
  if (unavailable.test(code) || /timeout|terminated|Connection/.test(message)) {
    return { status: 503, code: "UNAVAILABLE", message: "The database does not answer in time.", hint: "Try again in a moment." };
  }
  const errorId = randomBytes(6).toString("hex");
  log(`Features error ${errorId}: ${code} ${error.stack ?? message}`);
  return { status: 500, code: "INTERNAL", message: `The server failed to answer; its log has the reason under ${errorId}.`, hint: "Report it." };
}

function refuse(response: ServerResponse, status: number, code: string, message: string, hint: string): void {
  send(response, status, Buffer.from(`${JSON.stringify({ error: { code, message, hint } })}\n`), {});
}

function send(response: ServerResponse, status: number, body: Buffer, more: Readonly<Record<string, string>>): void {
  response.writeHead(status, { ...headers, ...more, "content-length": body.length });
  response.end(body);
}

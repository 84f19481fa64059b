import { lookup as dnsLookup } from "node:dns";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { UserError } from "../config/user-error.ts";
import { parseRetryAfter, retryableError } from "./retryable-error.ts";

/** What came back. */
export interface HttpResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly contentType: string | undefined;
  /** The body after transport decoding. */
  readonly body: Buffer;
}

/** The edges within which an address is asked. */
export interface HttpLimits {
  /** Hosts that may be asked; a port belongs to the host where it is not the usual one. */
  readonly hosts: readonly string[];
  /** A server of the user's own in place of the provider: plain http and private addresses are then in order. */
  readonly ownServer?: boolean;
  /** For everything together, redirects and body included; default 60 s. */
  readonly timeoutMilliseconds?: number;
  /** Of the body after decompression; default 64 MB. */
  readonly maxBytes?: number;
  /** Default 3. */
  readonly maxRedirects?: number;
}

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Asks an address over https, within limits of time, bytes and redirects, and only on the hosts of the provider and at public addresses.
 * Status 429 and 5xx and every failure of the network are retryable errors; any other status is a response.
 */
export async function fetchBounded(url: string, headers: Readonly<Record<string, string>>, limits: HttpLimits): Promise<HttpResponse> {
  const deadline = AbortSignal.timeout(limits.timeoutMilliseconds ?? 60_000);
  const maxRedirects = limits.maxRedirects ?? 3;
  let address = checkAddress(new URL(url), limits);
  for (let redirects = 0; ; redirects++) {
    const response = await askOnce(address, headers, limits, deadline);
    if (response.status === 429 || response.status >= 500) {
      const retryAfterSeconds = parseRetryAfter(response.headers["retry-after"]);
      // A failing server that names a time (503) asks to be left alone as one does whose limit is used up.
      const isLimit = response.status === 429 || retryAfterSeconds !== undefined;
      throw retryableError(`${address.host} answered with status ${response.status}.`, { retryAfterSeconds, isLimit });
    }
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return response;
    if (redirects >= maxRedirects) throw new UserError(`${address.host} redirects more than ${maxRedirects} times.`);
    const target = URL.parse(location, address.href);
    if (target === null || target.host !== address.host) throw new UserError(`${address.host} redirects to another host, which is not followed.`);
    address = checkAddress(target, limits);
  }
}

/** Only https, only the hosts of the provider, no user and password. */
function checkAddress(address: URL, { hosts, ownServer }: HttpLimits): URL {
  if (address.protocol !== "https:" && !(ownServer === true && address.protocol === "http:")) throw new UserError(`${address.host} is only asked over https.`);
  const literal = address.hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) !== 0 && ownServer !== true && !isPublicAddress(literal)) throw new UserError(`${address.hostname} is not a public address.`);
  if (!hosts.includes(address.host)) throw new UserError(`${address.host} is not among the hosts of this provider.`);
  if (address.username !== "" || address.password !== "") throw new UserError("An address with a user and a password in it is not asked.");
  return address;
}

async function askOnce(address: URL, headers: Readonly<Record<string, string>>, limits: HttpLimits, signal: AbortSignal): Promise<HttpResponse> {
  return answered(address, signal, async () => {
    const message = await send(address, { ...headers, "accept-encoding": "gzip, deflate, br" }, undefined, limits, signal);
    const body = await readBody(message, limits.maxBytes ?? MAX_BYTES, address.host);
    return { url: address.href, status: message.statusCode ?? 0, headers: message.headers, contentType: message.headers["content-type"], body };
  });
}

/**
 * Posts a body within the same edges, and resolves to the status and the headers of the answer, whatever they are; its body is not read and no redirect is
 * followed. Only a failure of the network is an error, a retryable one.
 */
export async function postBounded(url: string, headers: Readonly<Record<string, string>>, body: string, limits: HttpLimits): Promise<Pick<HttpResponse, "status" | "headers">> {
  const signal = AbortSignal.timeout(limits.timeoutMilliseconds ?? 60_000);
  const address = checkAddress(new URL(url), limits);
  return answered(address, signal, async () => {
    const message = await send(address, headers, body, limits, signal);
    message.destroy();
    return { status: message.statusCode ?? 0, headers: message.headers };
  });
}

/** Sends a request, a POST where there is a body, and resolves as soon as the headers of the answer are there. */
function send(address: URL, headers: Readonly<Record<string, string>>, body: string | undefined, limits: HttpLimits, signal: AbortSignal): Promise<IncomingMessage> {
  const request = address.protocol === "http:" ? httpRequest : httpsRequest;
  return new Promise((settle, refuse) => {
    const outgoing = request(address, {
      method: body === undefined ? "GET" : "POST",
      headers: { "user-agent": "marketbase", ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
      signal,
      agent: false,
      ...(limits.ownServer === true ? {} : { lookup: publicLookup }),
    });
    outgoing.once("response", settle);
    // Also after the answer: a connection that is given up must not end the process.
    outgoing.on("error", refuse);
    outgoing.end(body);
  });
}

/** Failures of the network, in words. */
async function answered<T>(address: URL, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (signal.aborted) throw retryableError(`${address.host} did not finish its answer in time.`, { cause: error });
    throw retryableError(`${address.host} cannot be reached: ${reason(error)}.`, { cause: error });
  }
}

/** Reads the body through its decompression and stops at the cap: memory stays bounded whatever the server sends. */
async function readBody(message: IncomingMessage, maxBytes: number, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const tooMuch = () => new UserError(`${host} sends more than ${Math.floor(maxBytes / 1024 / 1024)} MB, which is not taken.`);
  if (Number(message.headers["content-length"] ?? 0) > maxBytes) {
    message.destroy();
    throw tooMuch();
  }
  const decoded = decode(message, host);
  try {
    for await (const chunk of decoded as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooMuch();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    message.destroy();
  }
}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

function decode(message: IncomingMessage, host: string): Readable {
  const encoding = (message.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return message;
  const decoder = decoders[encoding]?.();
  if (decoder === undefined) throw new UserError(`${host} uses the encoding ${encoding.slice(0, 40)}, which was not offered.`);
  // The failure of the connection becomes the failure of what reads from it.
  message.once("error", (error) => decoder.destroy(error));
  message.once("aborted", () => decoder.destroy(new Error("the connection ended in the middle of the body")));
  return message.pipe(decoder);
}

const notPublic = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12], ["192.0.0.0", 24], ["192.0.2.0", 24],
  ["192.168.0.0", 16], ["198.18.0.0", 15], ["198.51.100.0", 24], ["203.0.113.0", 24], ["224.0.0.0", 4], ["240.0.0.0", 4],
] as const) notPublic.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]] as const) notPublic.addSubnet(network, prefix, "ipv6");
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

/** Whether an IP address is one of the public internet, and not of this machine, a private network or a special purpose. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPublicAddress(mapped);
  if (family === 4) return !notPublic.check(address, "ipv4");
  return family === 6 && global6.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/** Resolves a name and refuses what is not public, at the moment of connecting: a name cannot change in between. */
const publicLookup: LookupFunction = (hostname, options, done) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses ?? [];
    if (error !== null) done(error, "", 0);
    else if (refused !== undefined || first === undefined) done(new UserError(`${hostname} does not lead to a public address.`), "", 0);
    else if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
};

function reason(error: unknown): string {
  const single = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code, message } = single as { code?: string; message?: string };
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: "its name is not known",
    EAI_AGAIN: "its name cannot be looked up now",
    ECONNREFUSED: "nothing answers there",
    ECONNRESET: "the connection broke off",
    ETIMEDOUT: "the connection timed out",
    Z_BUF_ERROR: "the compressed body ends too early",
    Z_DATA_ERROR: "the compressed body is damaged",
  };
  return (code === undefined ? undefined : known[code]) ?? (message ?? String(single)).replace(/\.$/, "");
}

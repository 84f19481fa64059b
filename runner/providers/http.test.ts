// In a process of its own: memory is measured.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from "node:zlib";
import t from "tap";
import { fetchBounded, isPublicAddress, type HttpLimits } from "./http.ts";
import { floods } from "../testing/provider-server.ts";
import { startReplayServer } from "../testing/replay-server.ts";
import { parseRetryAfter, type RetryableError } from "./retryable-error.ts";

interface Test {
  teardown(action: () => Promise<void>): void;
}

/** A server that answers as told, and a way to ask it. */
async function serve(t: Test, answer: (request: IncomingMessage, response: ServerResponse, host: string) => void) {
  const server = await startReplayServer((request, response) => answer(request, response, new URL(server.url).host));
  t.teardown(() => server.close());
  const host = new URL(server.url).host;
  const ask = (path: string, limits: Partial<HttpLimits> = {}) => fetchBounded(`${server.url}${path}`, { "x-test": "1" }, { hosts: [host], ownServer: true, timeoutMilliseconds: 5_000, ...limits });
  return { ask, server };
}

async function failure(promise: Promise<unknown>): Promise<Partial<RetryableError> & Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it should have failed");
}

t.test("bodies come whole, whatever the transport does to them", async (t) => {
  const text = JSON.stringify({ text: "Ørsted".repeat(10_000) });
  const { ask, server } = await serve(t, ({ url }, response) => {
    if (url === "/gzip") response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" }).end(gzipSync(text));
    else if (url === "/deflate") response.writeHead(200, { "content-encoding": "deflate" }).end(deflateSync(text));
    else if (url === "/br") response.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync(text));
    else if (url === "/chunked") {
      response.writeHead(404, { "set-cookie": "a=b" });
      const bytes = Buffer.from(text);
      // In the middle of a character, too.
      for (let at = 0; at < bytes.length; at += 7_777) response.write(bytes.subarray(at, at + 7_777));
      response.end();
    } else response.end();
  });
  for (const path of ["/gzip", "/deflate", "/br", "/chunked"]) {
    const { body, status } = await ask(path);
    t.equal(body.toString(), text, path);
    t.equal(status, path === "/chunked" ? 404 : 200);
  }
  t.equal((await ask("/empty")).body.length, 0);
  t.match(server.requests[0]?.headers, { "x-test": "1", "accept-encoding": /gzip/ });
});

t.test("limits and failures of the provider are for later, refusals are answers", async (t) => {
  const { ask } = await serve(t, ({ url }, response) => {
    const [, status = "", after] = (url ?? "").split("/");
    response.writeHead(Number(status), after === undefined ? {} : { "retry-after": decodeURIComponent(after) }).end("no");
  });
  for (const status of [429, 500, 502, 503]) t.match(await failure(ask(`/${status}`)), { retryable: true, exitCode: 75, retryAfterSeconds: undefined, message: String(status) });
  t.match(await failure(ask("/429/120")), { retryable: true, retryAfterSeconds: 120, hint: "Try again in 120 seconds." });
  const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
  const { retryAfterSeconds } = await failure(ask(`/503/${encodeURIComponent(inAnHour)}`));
  t.ok(retryAfterSeconds !== undefined && Math.abs(retryAfterSeconds - 3_600) <= 2, "a date counts too");
  for (const status of [401, 403, 404]) t.equal((await ask(`/${status}`)).status, status);
});

t.test("what Retry-After may say", (t) => {
  const now = new Date("2026-11-24T12:00:00Z");
  t.equal(parseRetryAfter(undefined, now), undefined);
  t.equal(parseRetryAfter("0", now), 0);
  t.equal(parseRetryAfter(" 3600 ", now), 3_600);
  t.equal(parseRetryAfter("Tue, 24 Nov 2026 12:00:30 GMT", now), 30);
  t.equal(parseRetryAfter("Tue, 24 Nov 2020 12:00:30 GMT", now), 0, "a past date means now");
  t.equal(parseRetryAfter("99999999999", now), 86_400, "a day at most");
  for (const nonsense of ["soon", "-5", "1.5", ""]) t.equal(parseRetryAfter(nonsense, now), undefined, nonsense);
  t.end();
});

t.test("F10: a body that breaks off is an error and no body", async (t) => {
  const { ask } = await serve(t, ({ url }, response) => {
    if (url === "/short") {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half");
      setTimeout(() => response.destroy(), 50);
    } else if (url === "/gzip-cut") {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(randomBytes(10_000)).subarray(0, 5_000));
    } else {
      response.writeHead(200, { "content-encoding": "gzip" }).end("this is not gzip");
    }
  });
  for (const path of ["/short", "/gzip-cut", "/gzip-damaged"]) t.match(await failure(ask(path)), { retryable: true, exitCode: 75 }, path);
});

t.test("F14: a bomb, 500 MB of JSON, an endless body and a silent server are cut off, with memory flat", async (t) => {
  const { ask } = await serve(t, ({ url }, response) => {
    if (url === "/bomb") {
      // Two gigabytes of zeros in two megabytes of gzip.
      response.writeHead(200, { "content-encoding": "gzip" });
      const zip = createGzip({ level: 9 });
      zip.pipe(response);
      const zeros = Buffer.alloc(1024 * 1024);
      let sent = 0;
      const more = () => {
        while (sent < 2_048 && !response.destroyed) {
          sent += 1;
          if (!zip.write(zeros)) return void zip.once("drain", more);
        }
        zip.end();
      };
      more();
    } else if (url === "/endless") {
      const more = () => {
        while (!response.destroyed && response.write(randomBytes(64 * 1024)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    } else if (url === "/drip") {
      const timer = setInterval(() => response.write("x"), 50);
      response.on("close", () => clearInterval(timer));
    }
  });
  const big = await startReplayServer(({ url }, response) => {
    if (url === "/said") response.writeHead(200, { "content-length": String(500 * 1024 * 1024) }).write("[");
    else floods(500, false)({} as IncomingMessage, response);
  });
  t.teardown(() => big.close());
  const bigLimits = { hosts: [new URL(big.url).host], ownServer: true, timeoutMilliseconds: 60_000 };
  const before = process.memoryUsage().rss;
  t.match(await failure(fetchBounded(`${big.url}/json`, {}, bigLimits)), { message: /more than 64 MB/, exitCode: 1 });
  t.match(await failure(fetchBounded(`${big.url}/said`, {}, bigLimits)), { message: /more than 64 MB/, exitCode: 1 }, "or before the first byte, where the length is said");
  t.match(await failure(ask("/bomb", { timeoutMilliseconds: 60_000 })), { message: /more than 64 MB/, exitCode: 1 });
  t.match(await failure(ask("/endless", { maxBytes: 8 * 1024 * 1024, timeoutMilliseconds: 60_000 })), { message: /more than 8 MB/ });
  t.ok(process.memoryUsage().rss - before < 400 * 1024 * 1024, "memory stays bounded");
  t.match(await failure(ask("/drip", { timeoutMilliseconds: 300 })), { retryable: true, message: /in time/ });
  t.match(await failure(ask("/silence", { timeoutMilliseconds: 300 })), { retryable: true, message: /in time/ });
});

t.test("F14: redirects stay on the host, are few, and stay on https", async (t) => {
  const { ask, server } = await serve(t, ({ url = "" }, response, host) => {
    const to = (location: string) => response.writeHead(302, { location }).end();
    const hop = /^\/hop(\d)$/.exec(url)?.[1];
    if (hop !== undefined) to(hop === "0" ? "/end" : `/hop${Number(hop) - 1}`);
    else if (url === "/loop") to("/loop");
    else if (url === "/away") to("https://elsewhere.example/x");
    else if (url === "/private") to("http://169.254.169.254/latest/meta-data");
    else if (url === "/port") to(`http://${host.split(":")[0]}:1/`);
    else if (url === "/file") to("file:///etc/passwd");
    else response.end("end");
  });
  t.equal((await ask("/hop2")).body.toString(), "end", "three hops");
  t.match(await failure(ask("/hop3")), { message: /more than 3 times/ });
  t.match(await failure(ask("/loop")), { message: /more than 3 times/ });
  for (const path of ["/away", "/private", "/port", "/file"]) t.match(await failure(ask(path)), { message: /another host/, exitCode: 1 }, path);
  t.match(await failure(fetchBounded(`${server.url}/`, {}, { hosts: [new URL(server.url).host] })), { message: /only asked over https/ });
  t.match(await failure(fetchBounded("https://evil.example/", {}, { hosts: ["data.sec.gov"] })), { message: /not among the hosts/ });
  t.match(await failure(fetchBounded("https://user:secret@data.sec.gov/", {}, { hosts: ["data.sec.gov"] })), { message: /user and a password/ });
  t.equal(server.requests.every(({ url }) => url !== "/etc/passwd"), true);
});

t.test("a network that is away is for later, and a name that leads inside is refused", async (t) => {
  const closed = createTcpServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, "close");
  t.match(await failure(fetchBounded(`http://127.0.0.1:${port}/`, {}, { hosts: [`127.0.0.1:${port}`], ownServer: true })), { retryable: true, message: /nothing answers/ });
  t.match(await failure(fetchBounded("https://localhost/", {}, { hosts: ["localhost"], timeoutMilliseconds: 5_000 })), { message: /public address/, exitCode: 1 });
  for (const literal of ["127.0.0.1", "[::1]", "10.0.0.1", "[fd00::1]"]) {
    t.match(await failure(fetchBounded(`https://${literal}/`, {}, { hosts: [literal], timeoutMilliseconds: 5_000 })), { message: /public address/, exitCode: 1 }, literal);
  }
});

t.test("which addresses are public", (t) => {
  for (const address of ["8.8.8.8", "23.4.5.6", "2606:4700::1111", "::ffff:8.8.8.8"]) t.equal(isPublicAddress(address), true, address);
  for (const address of [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "localhost", "",
  ]) t.equal(isPublicAddress(address), false, address);
  t.end();
});

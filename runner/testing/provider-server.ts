import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createGzip, gunzipSync } from "node:zlib";
import { startReplayServer, type ReplayServer } from "./replay-server.ts";

/** What a provider does with a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A body, byte for byte. */
export function sends(body: string | Buffer, status = 200, headers: Readonly<Record<string, string>> = { "content-type": "application/json" }): Answer {
  return (_request, response) => response.writeHead(status, headers).end(body);
}

/** A recorded body; one that is packed (.gz) is unpacked first. */
export function plays(path: string): Answer {
  const bytes = readFileSync(path);
  return sends(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

/** 429, with or without a word on when to come again. */
export function limits(retryAfter?: string, status = 429): Answer {
  return sends("Too Many Requests", status, retryAfter === undefined ? {} : { "retry-after": retryAfter });
}

/** The connection is reset instead of an answer. */
export const resets: Answer = ({ socket }) => void socket.resetAndDestroy();

/** No answer at all. */
export const keepsSilent: Answer = () => undefined;

/** The first half of a body, then the end of the connection. */
export function breaksOff(body: string): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-length": String(body.length) });
    response.write(body.slice(0, body.length / 2), () => response.destroy());
  };
}

/** A byte now and then, for ever. */
export const drips: Answer = (_request, response) => {
  const timer = setInterval(() => response.write("x"), 50);
  response.once("close", () => clearInterval(timer));
};

/** JSON that does not end before so many megabytes, as it is or packed. */
export function floods(megabytes: number, packed: boolean): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", ...(packed ? { "content-encoding": "gzip" } : {}) });
    const out = packed ? createGzip({ level: 9 }) : response;
    if (out !== response) out.pipe(response);
    const part = Buffer.from("[0,".padEnd(1024 * 1024, "0,"));
    let sent = 0;
    const more = () => {
      while (sent < megabytes && !response.destroyed) {
        sent += 1;
        if (!out.write(part)) return void out.once("drain", more);
      }
      out.end();
    };
    more();
  };
}

/** Somewhere else. */
export function redirects(location: string): Answer {
  return (_request, response) => response.writeHead(302, { location }).end();
}

/** One answer after the other; the last one for ever. */
export function inTurn(...answers: readonly [Answer, ...Answer[]]): Answer {
  let turn = 0;
  return (request, response) => (answers[Math.min(turn++, answers.length - 1)] as Answer)(request, response);
}

/** A server in place of Yahoo: `route` says what it does for a symbol. */
export async function serveYahoo(test: { teardown(action: () => Promise<void>): unknown }, route: (symbol: string) => Answer): Promise<ReplayServer & { asked(symbol?: string): number }> {
  const symbolOf = ({ url = "" }: IncomingMessage) => decodeURIComponent(/\/chart\/([^?]*)/.exec(url)?.[1] ?? "");
  const answers = new Map<string, Answer>();
  const server = await startReplayServer((request, response) => {
    const symbol = symbolOf(request);
    const answer = answers.get(symbol) ?? route(symbol);
    answers.set(symbol, answer);
    answer(request, response);
  });
  test.teardown(() => server.close());
  return { ...server, asked: (symbol) => server.requests.filter((request) => symbol === undefined || symbolOf(request) === symbol).length };
}

/** A day of a chart. */
export type ChartBar = readonly [day: string, close: number, other?: { readonly open?: number; readonly high?: number; readonly low?: number; readonly volume?: number }];

/** Daily bars as Yahoo's chart (v8) sends them, New York time; `events` are its splits and dividends. */
export function chartBody(symbol: string, bars: readonly ChartBar[], events?: unknown): string {
  const list = (read: (bar: ChartBar) => number) => bars.map(read);
  return JSON.stringify({
    chart: {
      result: [
        {
          meta: {
            currency: "USD", symbol, exchangeName: "NYQ", fullExchangeName: "NYSE", instrumentType: "EQUITY", longName: `${symbol} Inc.`, gmtoffset: -18_000, timezone: "EST",
            exchangeTimezoneName: "America/New_York", dataGranularity: "1d", range: "",
          },
          timestamp: list(([day]) => Date.parse(`${day}T15:00:00Z`) / 1_000),
          ...(events === undefined ? {} : { events }),
          indicators: {
            quote: [
              {
                open: list(([, close, other]) => other?.open ?? close), high: list(([, close, other]) => other?.high ?? close + 1),
                low: list(([, close, other]) => other?.low ?? close - 1), close: list(([, close]) => close), volume: list(([, , other]) => other?.volume ?? 1_000),
              },
            ],
            adjclose: [{ adjclose: list(([, close]) => close) }],
          },
        },
      ],
      error: null,
    },
  });
}

/** So many weekdays from a day on, with closes that depend on the seed alone. */
export function weekdayBars(first: string, days: number, seed = 1): ChartBar[] {
  const bars: ChartBar[] = [];
  let state = seed;
  for (let time = Date.parse(`${first}T00:00:00Z`); bars.length < days; time += 86_400_000) {
    if ([0, 6].includes(new Date(time).getUTCDay())) continue;
    state = (state * 48_271) % 2_147_483_647;
    bars.push([new Date(time).toISOString().slice(0, 10), 50 + (state % 5_000) / 100]);
  }
  return bars;
}

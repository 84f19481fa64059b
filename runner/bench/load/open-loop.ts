import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** A load: requests that arrive at random moments, whether or not those before them were answered. */
export interface Load {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly perSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Connections that are kept alive; a request waits while all of them are busy, and its wait counts. */
  readonly connections: number;
  readonly seed: number;
}

/** What came of it, without the time of warming up. */
export interface LoadResult {
  /**
   * From each request to the last byte of its answer, in milliseconds, ascending. Waiting for a connection, because the answers before were late, is part
   * of it; what the timer of this program was late is not.
   */
  readonly milliseconds: readonly number[];
  /** How late the timer was for the requests, in milliseconds, ascending: none of it is in the above. */
  readonly late: readonly number[];
  readonly bytes: number;
  /** How often each status and source was answered, such as "200 redis". */
  readonly answers: Readonly<Record<string, number>>;
}

/** Runs a load in a thread of its own, so that it is not measured with the clock of a busy server. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const worker = new Worker(new URL(import.meta.url), { workerData: load });
  const [result] = (await once(worker, "message")) as [LoadResult];
  return result;
}

/** The value below which a share of sorted values lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Moments from now on, in milliseconds, with exponential gaps (a Poisson process), from a seed (mulberry32). */
function arrivals({ perSecond, warmUpSeconds, seconds, seed }: Load): number[] {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const moments: number[] = [];
  for (let at = 0; at < (warmUpSeconds + seconds) * 1000; at += (-Math.log(1 - random()) * 1000) / perSecond) moments.push(at);
  return moments;
}

/** A request: when it was due, and when the timer said so, in milliseconds from the start. */
interface Arrival {
  readonly due: number;
  readonly seen: number;
}

async function generate(load: Load): Promise<LoadResult> {
  const due = arrivals(load);
  const counted = load.warmUpSeconds * 1000;
  const request = `GET ${load.path} HTTP/1.1\r\nHost: ${load.host}:${load.port}\r\n\r\n`;
  const milliseconds: number[] = [];
  const late: number[] = [];
  const answers: Record<string, number> = {};
  let bytes = 0;
  let answered = 0;
  let finish = (): void => undefined;
  let fail = (_reason: Error): void => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });

  const idle: Socket[] = [];
  const waiting: Arrival[] = [];
  const started = performance.now() + 20;
  const send = (socket: Socket, arrival: Arrival) => {
    sentFor.set(socket, arrival);
    socket.write(request);
  };
  const sentFor = new Map<Socket, Arrival>();
  const onAnswer = (socket: Socket, head: string, length: number) => {
    const { due: at, seen } = sentFor.get(socket) as Arrival;
    if (at >= counted) {
      milliseconds.push(performance.now() - started - seen);
      late.push(seen - at);
      const what = `${head.slice(9, 12)} ${/\r\nmarketbase-source: (.*)\r\n/i.exec(head)?.[1] ?? ""}`;
      answers[what] = (answers[what] ?? 0) + 1;
      bytes += length;
    }
    if (++answered === due.length) finish();
    const next = waiting.shift();
    if (next === undefined) idle.push(socket);
    else send(socket, next);
  };

  const sockets = await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const socket = connect({ host: load.host, port: load.port, noDelay: true });
      await once(socket, "connect");
      socket.on("close", () => fail(new Error("the server closed a connection")));
      socket.on("error", fail);
      let parts: Buffer[] = [];
      let have = 0;
      let need = -1;
      let head = "";
      socket.on("data", (chunk: Buffer) => {
        parts.push(chunk);
        have += chunk.length;
        if (need === -1) {
          const all = Buffer.concat(parts);
          const end = all.indexOf("\r\n\r\n");
          if (end === -1) return;
          head = all.toString("latin1", 0, end + 2);
          need = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
        }
        if (have < need) return;
        const length = need;
        parts = [];
        have = 0;
        need = -1;
        onAnswer(socket, head, length);
      });
      return socket;
    }),
  );
  idle.push(...sockets);

  // The timer is late by a millisecond at times. To wait by looking at the clock would take a processor away from the server, and on a virtual machine
  // with two of them both are taken away from each other.
  let next = 0;
  const step = () => {
    const seen = performance.now() - started;
    while (next < due.length && (due[next] as number) <= seen) {
      const arrival = { due: due[next++] as number, seen };
      // In turn, so that the server finds none of them idle for so long that it closes it.
      const socket = idle.shift();
      if (socket === undefined) waiting.push(arrival);
      else send(socket, arrival);
    }
    if (next < due.length) setTimeout(step, (due[next] as number) - (performance.now() - started));
  };
  step();
  const patience = setTimeout(() => fail(new Error("the last answers did not come within ten seconds")), (load.warmUpSeconds + load.seconds + 10) * 1000);
  await finished;
  clearTimeout(patience);
  for (const socket of sockets) socket.destroy();
  const ascending = (a: number, b: number) => a - b;
  return { milliseconds: milliseconds.sort(ascending), late: late.sort(ascending), bytes, answers };
}

if (!isMainThread && parentPort !== null) parentPort.postMessage(await generate(workerData as Load));

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

interface Test {
  teardown(action: () => void | Promise<void>): unknown;
}

/** Waits for a condition. */
export async function until(what: string, condition: () => Promise<boolean>, milliseconds = 30_000): Promise<void> {
  const limit = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`${what} did not happen within ${milliseconds / 1_000} s`);
    await sleep(50);
  }
}

/** A worker in a process of its own; `options` go to `startWorker`. */
export function workerProcess(t: Test, url: string, options: Record<string, unknown> = {}, env: Record<string, string> = {}, nodeArguments: readonly string[] = []): ChildProcess {
  const script = join(import.meta.dirname, "worker-process.ts");
  const child = spawn(process.execPath, [...nodeArguments, script, url, JSON.stringify(options)], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...env } });
  t.teardown(() => void child.kill("SIGKILL"));
  return child;
}

/** Resolves when the worker says a line that matches; fails when it ends before. */
export async function says(child: ChildProcess, pattern: RegExp): Promise<void> {
  if (child.stdout === null) throw new Error("the worker has no standard output");
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      if (pattern.test(line)) resolve();
    });
    lines.on("close", () => reject(new Error(`the worker ended and had not said ${pattern}`)));
  });
}

/** Kills a process at once and waits for its end. */
export async function killNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Keeps a worker running, as a service manager does, until it is told to stop; returns how often it was started. */
export function keepAlive(start: () => ChildProcess): { stop(): Promise<void>; starts(): number } {
  let child: ChildProcess | undefined;
  let starts = 0;
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      child = start();
      starts += 1;
      await once(child, "exit");
    }
  })();
  return {
    starts: () => starts,
    stop: async () => {
      stopped = true;
      child?.kill("SIGKILL");
      await loop;
    },
  };
}

/** A small proxy in front of a port that can stop forwarding while its connections stay open, as a dead network does. */
export async function startProxy(t: Test, port: number): Promise<{ port: number; stall(): void; heal(): void }> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.on("data", (data) => {
        if (!stalled) to.write(data);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        if (!stalled) to.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return {
    port: (server.address() as AddressInfo).port,
    stall: () => {
      stalled = true;
    },
    heal: () => {
      stalled = false;
    },
  };
}

/** The rows of market data without what differs from run to run: equal before and after means the same bars, versions and actions. */
export const MARKET = `
  select md5(string_agg(line, e'\\n' order by line)) from (
    select format('bar %s %s %s %s %s %s %s %s v%s %s', symbol, ts, open, high, low, close, volume, adjusted_close, version, provider) as line
    from market.price_data join market.instrument using (instrument_id)
    union all
    select format('old bar %s %s %s v%s', symbol, ts, close, version) from market.price_data_history join market.instrument using (instrument_id)
    union all
    select format('action %s %s %s %s', symbol, action_type, ex_date, amount) from market.corporate_action join market.instrument using (instrument_id)
    union all
    select format('body %s %s %s', subject, sha256, count(*)) from ingest.raw_response group by subject, sha256
    union all
    select format('edge %s %s %s', symbol, row_count, count(*)) from lineage.data_lineage join market.instrument on instrument_id = target_instrument_id
    where target_relation = 'market.price_data' group by symbol, row_count
  ) made`;

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";

/** For `skip` of a test: false where there is a redis-server, else why the test cannot run. With `CI=true` it has to be there. */
export const withoutRedis: false | string =
  process.env["CI"] === "true" || spawnSync("redis-server", ["--version"]).status === 0 ? false : "redis-server is not installed";

/** A redis-server of one's own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly client: Redis;
  stop(): Promise<void>;
}

/** Starts the real redis-server on a loopback port of its own, without files. */
export async function startRedisServer(port?: number): Promise<RedisServer> {
  const chosen = port ?? (await freePort());
  const server = spawn("redis-server", ["--port", String(chosen), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of server.stdout) if (String(line).includes("Ready to accept connections")) break;
  server.stdout.resume();
  const client = new Redis(chosen, "127.0.0.1", { retryStrategy: () => null });
  client.on("error", () => undefined);
  return {
    url: `redis://127.0.0.1:${chosen}/0`,
    port: chosen,
    process: server,
    client,
    stop: async () => {
      client.disconnect();
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

import { once } from "node:events";
import { createServer } from "node:http";
import type { TestDatabase } from "../../../db/tests/support/database.ts";
import { onlineHandler } from "../http.ts";
import { openOnlineReader } from "../read.ts";

/** The endpoint on a port of its own, without the rest of the server. */
export interface Endpoint {
  readonly url: string;
  readonly log: string[];
}

/** Starts it, without memory unless asked; it is closed before the database goes away. */
export async function startEndpoint(
  test: { teardown(action: () => Promise<void>): void }, db: TestDatabase, redisUrl?: string, memoryBytes: number | undefined = 0, redisMilliseconds?: number,
): Promise<Endpoint> {
  const log: string[] = [];
  const say = (message: string) => void log.push(message);
  const reader = openOnlineReader({ url: db.url("graphql"), role: "marketbase_reader", redisUrl, memoryBytes, statementMilliseconds: 4_000, redisMilliseconds, say });
  const handle = onlineHandler(reader, say);
  const server = createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  test.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await reader.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, log };
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server on the loopback that answers as a test wants, with real bytes over real sockets. */
export interface ReplayServer {
  readonly url: string;
  /** The requests so far. */
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Starts one; `answer` gets every request. */
export async function startReplayServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ReplayServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.on("error", () => undefined);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

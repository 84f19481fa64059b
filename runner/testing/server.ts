import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import type { EmbeddedServer } from "../embedded/server.ts";

const fixture = join(import.meta.dirname, "use-server.fixture.ts");

/** The first value of a query, as the superuser of an embedded server. */
export async function askServer<T>(server: Pick<EmbeddedServer, "port" | "secrets">, sql: string): Promise<T> {
  const client = new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", password: server.secrets.superuser, database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, T>>(sql)).rows[0] ?? {})[0] as T;
  } finally {
    await client.end();
  }
}

/** Starts another process that uses the embedded server of a folder until its standard input ends. */
export async function otherProcess(home: string, ...args: string[]): Promise<{ child: ChildProcess; said: { pid: number; port: number; adopted: boolean } }> {
  const child = spawn(process.execPath, [fixture, home, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) return { child, said: JSON.parse(line) as { pid: number; port: number; adopted: boolean } };
  throw new Error("the other process said nothing");
}

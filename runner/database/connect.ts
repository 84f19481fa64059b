import pg from "pg";
import { EXIT, UserError } from "../config/user-error.ts";

/** The oldest server that marketbase runs on. */
export const REQUIRED_MAJOR = 18;

/** Opens one connection, or explains in one sentence why there is none. */
export async function connect(url: string, name = "marketbase"): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name, connectionTimeoutMillis: 10_000, keepAlive: true });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw explainConnectionError(error, url);
  }
  return client;
}

/** Runs `work` on a connection of its own. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Refuses servers that are too old, by name. */
export async function requireVersion(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ number: number; name: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as name",
  );
  const [version] = rows;
  if (version === undefined || version.number < REQUIRED_MAJOR * 10_000) {
    throw new UserError(`The server behind DATABASE_URL is PostgreSQL ${version?.name ?? "of unknown version"}; marketbase needs ${REQUIRED_MAJOR} or newer.`, {
      hint: "Upgrade the server, or unset DATABASE_URL to use the embedded PostgreSQL 18.",
    });
  }
}

/** Turns what the network or the server said into one sentence and what to do. The password is never shown. */
export function explainConnectionError(error: unknown, url: string): UserError {
  const { hostname, port, pathname, username } = new URL(url);
  const host = `${hostname || "localhost"}:${port || "5432"}`;
  const database = decodeURIComponent(pathname.slice(1));
  const user = decodeURIComponent(username);
  const { code, message } = firstError(error);
  const unset = "or unset DATABASE_URL to use the embedded one";
  const explain = (sentence: string, hint: string, exitCode: 1 | 75 = EXIT.failed) => new UserError(sentence, { hint, exitCode, cause: error });
  switch (code) {
    case "ECONNREFUSED":
      return explain(`No PostgreSQL answers at ${host}.`, `Start the server or correct DATABASE_URL, ${unset}.`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return explain(`The host ${hostname} of DATABASE_URL is not known.`, `Correct the host name, ${unset}.`);
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return explain(`The PostgreSQL at ${host} cannot be reached.`, `Check the address and the firewall, ${unset}.`);
    case "ECONNRESET":
    case "EPIPE":
      return explain(`What answers at ${host} closed the connection; it may not be a PostgreSQL.`, `Correct host and port of DATABASE_URL, ${unset}.`);
    case "28P01":
      return explain(`PostgreSQL at ${host} refuses the password of ${user || "the user"}.`, "Correct the password in DATABASE_URL; special characters must be percent-encoded.");
    case "28000":
      return explain(`PostgreSQL at ${host} does not let ${user || "the user"} in: ${message}.`, "Correct the user in DATABASE_URL or the server's pg_hba.conf.");
    case "3D000":
      return explain(`The database ${database} does not exist at ${host}.`, `Create it (createdb ${database}) or correct DATABASE_URL.`);
    case "42501":
      return explain(`PostgreSQL at ${host} refuses ${user || "the user"} on the database ${database}: ${message}.`, "Use a user that may connect, or run db/roles/roles.sql as an administrator.");
    case "53300":
      return explain(`PostgreSQL at ${host} has no connection left.`, "Try again in a moment, or raise max_connections.", EXIT.tryAgain);
    case "57P03":
      return explain(`PostgreSQL at ${host} is starting or stopping.`, "Try again in a moment.", EXIT.tryAgain);
    default:
      if (/timeout/i.test(message)) return explain(`PostgreSQL at ${host} does not answer within ten seconds.`, `Check the address and the firewall, ${unset}.`);
      if (/Connection terminated unexpectedly/.test(message)) {
        return explain(`What answers at ${host} closed the connection; it may not be a PostgreSQL.`, `Correct host and port of DATABASE_URL, ${unset}.`);
      }
      if (/client password must be a string/i.test(message)) return explain(`PostgreSQL at ${host} asks ${user || "the user"} for a password.`, "Put the password into DATABASE_URL.");
      return explain(`PostgreSQL at ${host} cannot be used: ${message}.`, `Correct DATABASE_URL, ${unset}.`);
  }
}

/** Node tries every address of a name and throws the errors together. */
function firstError(error: unknown): { code: string | undefined; message: string } {
  const single = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code, message } = single as { code?: string; message?: string };
  return { code, message: (message ?? String(single)).replace(/\.$/, "") };
}

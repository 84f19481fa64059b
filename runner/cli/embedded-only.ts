import type { Config } from "../config/config.ts";
import { EXIT, UserError } from "../config/user-error.ts";

/** Refuses a command that makes sense for the embedded server only. */
export function requireEmbedded(config: Config, name: string): void {
  if (config.databaseUrl === undefined) return;
  throw new UserError(`${name} is for the embedded PostgreSQL, and DATABASE_URL names another server.`, {
    exitCode: EXIT.usage,
    hint: "Unset DATABASE_URL to use the embedded server.",
  });
}

import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { EXIT, UserError } from "./user-error.ts";

/** The folder of the checkout, whatever the working directory is. */
export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** What the environment says, checked and with its defaults filled in. */
export interface Config {
  /** A PostgreSQL of the user's own; without it the embedded server is used. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Where a worker writes the heads of the audit chain after each seal. */
  readonly auditHeads: string | undefined;
  /** Where the embedded server and its secrets live. */
  readonly home: string;
  /** Address on which the GraphQL server listens. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  readonly environment: "development" | "production" | "test";
  /** Stack traces with error messages. */
  readonly debug: boolean;
  /** Passwords for the login roles of a server reached through `DATABASE_URL`. */
  readonly passwords: { readonly migrator?: string; readonly worker?: string; readonly authenticator?: string };
}

const flag = z.enum(["0", "1", "true", "false"], { error: "must be 0 or 1" }).transform((value) => value === "1" || value === "true");

const port = z
  .string()
  .regex(/^\d{1,5}$/, "must be a number between 1 and 65535")
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65535, "must be a number between 1 and 65535");

const password = z.string().min(8, "must have at least 8 characters");

const environmentSchema = z.object({
  DATABASE_URL: z.string().superRefine(checkPostgresUrl).optional(),
  REDIS_URL: z
    .string()
    .refine((value) => /^rediss?:$/.test(URL.parse(value)?.protocol ?? ""), "must look like redis://host:6379/0")
    .optional(),
  MARKETBASE_AUDIT_HEADS: z.string().optional(),
  MARKETBASE_HOME: z.string().optional(),
  MARKETBASE_HOST: z.string().regex(/^[0-9A-Za-z.:-]+$/, "must be a host name or an address").optional(),
  MARKETBASE_PORT: port.optional(),
  PORT: port.optional(),
  GRAPHILE_ENV: z.enum(["development", "production", "test"], { error: "must be development, production or test" }).optional(),
  MARKETBASE_DEBUG: flag.optional(),
  MARKETBASE_MIGRATOR_PASSWORD: password.optional(),
  MARKETBASE_WORKER_PASSWORD: password.optional(),
  MARKETBASE_AUTHENTICATOR_PASSWORD: password.optional(),
});

/** Reads the environment. An empty variable counts as absent; a bad one is one sentence and exit status 2. */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`The environment variable ${String(issue?.path[0])} ${issue?.message}.`, {
      exitCode: EXIT.usage,
      hint: "Correct it or unset it, then try again.",
    });
  }
  const values = parsed.data;
  const { MARKETBASE_MIGRATOR_PASSWORD, MARKETBASE_WORKER_PASSWORD, MARKETBASE_AUTHENTICATOR_PASSWORD } = values;
  return {
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    auditHeads: values.MARKETBASE_AUDIT_HEADS === undefined ? undefined : resolve(values.MARKETBASE_AUDIT_HEADS),
    home: resolve(repositoryRoot, (values.MARKETBASE_HOME ?? ".marketbase").replace(/^~(?=\/|$)/, homedir())),
    host: values.MARKETBASE_HOST ?? "127.0.0.1",
    port: values.MARKETBASE_PORT ?? values.PORT ?? 5678,
    environment: values.GRAPHILE_ENV ?? "development",
    debug: values.MARKETBASE_DEBUG ?? false,
    passwords: {
      ...(MARKETBASE_MIGRATOR_PASSWORD === undefined ? {} : { migrator: MARKETBASE_MIGRATOR_PASSWORD }),
      ...(MARKETBASE_WORKER_PASSWORD === undefined ? {} : { worker: MARKETBASE_WORKER_PASSWORD }),
      ...(MARKETBASE_AUTHENTICATOR_PASSWORD === undefined ? {} : { authenticator: MARKETBASE_AUTHENTICATOR_PASSWORD }),
    },
  };
}

function checkPostgresUrl(value: string, context: z.RefinementCtx): void {
  const url = URL.parse(value);
  const shape = "postgres://user:password@host:5432/database";
  if (url === null) {
    context.addIssue({ code: "custom", message: `is not a URL; it must look like ${shape}, with special characters of the password percent-encoded` });
  } else if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    context.addIssue({ code: "custom", message: `must begin with postgres:// or postgresql:// and look like ${shape}` });
  } else if (url.pathname.length < 2) {
    context.addIssue({ code: "custom", message: `names no database; it must look like ${shape}` });
  }
}

import { join } from "node:path";
import t from "tap";
import { loadConfig, repositoryRoot } from "./config.ts";
import { UserError } from "./user-error.ts";

t.test("an empty environment has defaults", async (t) => {
  t.same(loadConfig({}), {
    databaseUrl: undefined,
    redisUrl: undefined,
    auditHeads: undefined,
    home: join(repositoryRoot, ".marketbase"),
    host: "127.0.0.1",
    port: 5678,
    environment: "development",
    debug: false,
    passwords: {},
  });
});

t.test("an empty variable counts as absent", async (t) => {
  t.equal(loadConfig({ DATABASE_URL: "", PORT: "" }).port, 5678);
});

t.test("values are read", async (t) => {
  const config = loadConfig({
    DATABASE_URL: "postgresql://me:p%40ss@db.example:5433/market",
    REDIS_URL: "redis://127.0.0.1:6379/1",
    MARKETBASE_HOME: "/srv/marketbase",
    MARKETBASE_AUDIT_HEADS: "/srv/heads.json",
    PORT: "8080",
    MARKETBASE_PORT: "9090",
    GRAPHILE_ENV: "production",
    MARKETBASE_DEBUG: "1",
    MARKETBASE_WORKER_PASSWORD: "long-enough",
  });
  t.equal(config.databaseUrl, "postgresql://me:p%40ss@db.example:5433/market");
  t.equal(config.home, "/srv/marketbase");
  t.equal(config.auditHeads, "/srv/heads.json");
  t.equal(config.port, 9090, "MARKETBASE_PORT goes before PORT");
  t.equal(config.environment, "production");
  t.equal(config.debug, true);
  t.same(config.passwords, { worker: "long-enough" });
});

t.test("a bad value is one sentence that names the variable, and exit status 2", async (t) => {
  const bad: [Record<string, string>, RegExp][] = [
    [{ DATABASE_URL: "not a url" }, /^The environment variable DATABASE_URL is not a URL; it must look like postgres:\/\//],
    [{ DATABASE_URL: "mysql://host/db" }, /DATABASE_URL must begin with postgres:\/\//],
    [{ DATABASE_URL: "postgres://host" }, /DATABASE_URL names no database/],
    [{ DATABASE_URL: "postgres://host/" }, /DATABASE_URL names no database/],
    [{ REDIS_URL: "localhost:6379" }, /REDIS_URL must look like redis:\/\//],
    [{ PORT: "eighty" }, /PORT must be a number between 1 and 65535/],
    [{ MARKETBASE_PORT: "70000" }, /MARKETBASE_PORT must be a number between 1 and 65535/],
    [{ GRAPHILE_ENV: "staging" }, /GRAPHILE_ENV must be development, production or test/],
    [{ MARKETBASE_DEBUG: "perhaps" }, /MARKETBASE_DEBUG must be 0 or 1/],
    [{ MARKETBASE_WORKER_PASSWORD: "short" }, /MARKETBASE_WORKER_PASSWORD must have at least 8 characters/],
  ];
  for (const [env, message] of bad) {
    try {
      loadConfig(env);
      t.fail(`accepted ${JSON.stringify(env)}`);
    } catch (error) {
      t.ok(error instanceof UserError);
      t.match((error as Error).message, message);
      t.equal((error as UserError).exitCode, 2);
    }
  }
});

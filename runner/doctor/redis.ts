import type { Config } from "../config/config.ts";
import type { Report } from "./report.ts";

/** Redis is optional; where it is configured it should answer. */
export async function checkRedis(report: Report, config: Config): Promise<void> {
  if (config.redisUrl === undefined) {
    report.fact("redis", "state", "not used (REDIS_URL is not set)");
    return;
  }
  const { host } = new URL(config.redisUrl);
  report.fact("redis", "server", host);
  const { Redis } = await import("ioredis");
  const redis = new Redis(config.redisUrl, { lazyConnect: true, connectTimeout: 3_000, commandTimeout: 3_000, maxRetriesPerRequest: 1, retryStrategy: () => null });
  let reason: string | undefined;
  redis.on("error", (error: Error & { code?: string }) => (reason ??= error.message || error.code));
  try {
    await redis.connect();
    report.fact("redis", "version", /redis_version:(\S+)/.exec(await redis.info("server"))?.[1]);
    report.fact("redis", "state", "answers");
  } catch (error) {
    report.fact("redis", "state", "does not answer");
    report.finding(`Redis at ${host} does not answer: ${reason ?? (error as Error).message}.`, "Start it, correct REDIS_URL, or unset it: without Redis everything is read from PostgreSQL.");
  } finally {
    redis.disconnect();
  }
}

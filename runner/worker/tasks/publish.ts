import { publishLatest } from "../../cache/publish.ts";
import type { StepWork } from "../step-task.ts";

/** Task `publish`: writes the latest feature vectors to Redis, where there is one. The data is committed by then. */
export const publishTask: StepWork = async ({ pool, redisUrl, say }, run) => {
  const published = redisUrl === undefined ? undefined : await publishLatest(pool, redisUrl, say);
  return async (client) => {
    await client.query("select pipeline.finish_run($1, $2, 0, $3, $4)", [
      run.run_id,
      published ?? 0,
      JSON.stringify({ published: published ?? 0 }),
      published === undefined ? "REDIS_URL is not set: features are read from PostgreSQL" : `${published} feature vectors published`,
    ]);
  };
};

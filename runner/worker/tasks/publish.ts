import { value } from "../../database/pool.ts";
import type { StepWork } from "../step-task.ts";

const heldQuery = "select count(*)::int from feature.online_vector where generation = published_generation";

/** Task `publish`: writes to Redis, where there is one, what is missing or outdated there. The data is committed by then. */
export const publishTask: StepWork = async ({ pool, publisher }, run) => {
  const published = await publisher?.sweep();
  const held = published === undefined ? 0 : await value<number>(pool, heldQuery);
  return async (client) => {
    await client.query("select pipeline.finish_run($1, $2, 0, $3, $4)", [
      run.run_id,
      held,
      JSON.stringify({ published: held }),
      published === undefined ? "REDIS_URL is not set: features are read from PostgreSQL" : `${held} feature vectors published`,
    ]);
  };
};

// A worker as a process of its own, so that a test can hurt it: node worker-process.ts URL [JSON of WorkerOptions, and poison: true].
import { startWorker, type WorkerOptions } from "../../../runner/worker/worker.ts";
import type { StepWork } from "../../../runner/worker/step-task.ts";

const { poison, ...options } = JSON.parse(process.argv[3] ?? "{}") as WorkerOptions & { poison?: boolean };

/** A fetch whose subject says how it goes wrong. */
const poisoned: StepWork = (_context, run) => {
  const hoard: number[][] = [];
  switch (run.parameters["subject"]) {
    case "THROW":
      throw new Error("this step throws");
    case "EXIT":
      process.exit(1);
    // eslint-disable-next-line no-fallthrough
    case "LOOP":
      for (;;);
    case "MEMORY":
      for (;;) hoard.push(Array.from({ length: 100_000 }, (_, at) => at));
    default:
      return Promise.resolve(async (client) => {
        await client.query("select pipeline.finish_run($1, 1, 1, '{}', 'done')", [run.run_id]);
      });
  }
};

const worker = await startWorker(process.argv[2] ?? "", {
  ...options,
  ...(poison === true ? { work: { fetch: poisoned } } : {}),
  onMessage: (message) => process.stdout.write(`${message}\n`),
});
process.stdout.write("ready\n");
process.on("SIGTERM", () => void worker.stop().then(() => process.exit(0)));

// A worker as a process of its own, so that a test can kill it: node worker-process.ts URL [REDIS_URL]
import { startWorker } from "../../../runner/worker/worker.ts";

const worker = await startWorker(process.argv[2] ?? "", { redisUrl: process.argv[3], onMessage: (message) => process.stdout.write(`${message}\n`) });
process.on("SIGTERM", () => void worker.stop().then(() => process.exit(0)));

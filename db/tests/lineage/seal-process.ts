// Seals as a process of its own, so that a test can kill it: node seal-process.ts URL
import { sealAll } from "../../../runner/audit/seal.ts";
import { createPool } from "../../../runner/database/pool.ts";
import { silentProgress } from "../../../runner/output/progress.ts";

await sealAll(createPool(process.argv[2] ?? "", { max: 1 }), silentProgress().step("seal"));
process.exit(0);

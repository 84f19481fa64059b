// Sends what is due, as a process of its own that a test can kill: node worker.fixture.ts URL
import { createPool } from "../database/pool.ts";
import { deliverDue } from "./deliver.ts";

const pool = createPool(process.argv[2] ?? "", { name: "test" });
await deliverDue(pool, process.env);
await pool.end();

// A process that uses the server of the folder argv[2] until its standard input ends, or (exit) leaves at once without releasing it.
import { testSettings, useEmbeddedServer } from "../embedded/server.ts";

const server = await useEmbeddedServer({ home: process.argv[2] ?? "", settings: { ...testSettings, synchronous_commit: "on" }, what: "fixture" });
process.stdout.write(`${JSON.stringify({ pid: server.pid, port: server.port, adopted: server.adopted })}\n`);
if (process.argv.at(-1) === "exit") process.exit(0);
process.stdin.resume();
process.stdin.once("end", () => void server.release());

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { EXIT, UserError } from "../config/user-error.ts";
import { withConnection } from "../database/connect.ts";
import { openDatabase } from "../database/open.ts";
import { value } from "../database/pool.ts";
import { outsideFolder } from "../embedded/binaries.ts";
import { processState } from "../embedded/process.ts";
import { stopEmbeddedServer } from "../embedded/server.ts";
import type { Progress } from "../output/progress.ts";
import type { Benchmark, BenchmarkResult } from "./benchmark.ts";
import { describeMachine, load, type Machine } from "./machine.ts";

/** How benchmarks are run. */
export interface RunOptions {
  readonly scale: number;
  readonly rounds: number;
  readonly full: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A benchmark with what it found. */
export interface Finding extends BenchmarkResult {
  readonly benchmark: string;
  readonly seconds: number;
  /** Load of the machine before and after. */
  readonly load: readonly (number | undefined)[];
}

const PREFIX = "marketbase-bench-";

/**
 * Runs benchmarks one after the other, each on a server of its own that is set as the embedded one is for users, with an empty database; server and
 * files are gone afterwards. The data of the user is not touched.
 */
export async function runBenchmarks(config: Config, chosen: readonly Benchmark[], options: RunOptions): Promise<{ machine: Machine; findings: Finding[] }> {
  const place = existsSync(outsideFolder) ? outsideFolder : tmpdir();
  removeLeftOvers(place);
  const findings: Finding[] = [];
  let version = "";
  for (const [index, benchmark] of chosen.entries()) {
    options.signal.throwIfAborted();
    const folder = join(place, `${PREFIX}${process.pid}-${index}`);
    const home = join(folder, "server");
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    const interrupt = () => void stopEmbeddedServer(home, { force: true });
    options.signal.addEventListener("abort", interrupt, { once: true });
    try {
      const database = await options.progress.run("database", () => openDatabase({ ...config, databaseUrl: undefined, home }, { what: `marketbase bench ${benchmark.name}` }));
      const before = load();
      const begun = performance.now();
      try {
        version = await withConnection(database.urlFor("admin"), (admin) => value<string>(admin, "select current_setting('server_version')"));
        const found = await benchmark.run({
          database, serverPid: database.server?.pid, folder, progress: options.progress, scale: options.scale, rounds: options.rounds, full: options.full,
        });
        findings.push({ benchmark: benchmark.name, ...found, seconds: (performance.now() - begun) / 1_000, load: [before, load()] });
      } finally {
        await database.close();
      }
    } catch (error) {
      // The server was stopped under the benchmark: what it says of that is of no interest.
      if (!options.signal.aborted) throw error;
      throw new UserError("The benchmark was interrupted; its server and its files are gone.", { exitCode: EXIT.tryAgain, cause: error });
    } finally {
      options.signal.removeEventListener("abort", interrupt);
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { machine: describeMachine(version), findings };
}

/** What a killed benchmark left behind. */
function removeLeftOvers(place: string): void {
  for (const name of readdirSync(place)) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-\\d+$`).exec(name)?.[1] ?? process.pid);
    if (processState(pid) === "running") continue;
    void stopEmbeddedServer(join(place, name, "server"), { force: true }).then(() => rmSync(join(place, name), { recursive: true, force: true }));
  }
}

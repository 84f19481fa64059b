import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, closeSync, existsSync, fstatSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, UserError } from "../config/user-error.ts";
import { canEnter, findBinaries, outsideFolder, ownFolder, serverAccount, type Account, type Binaries } from "./binaries.ts";
import { addLease, liveLeases, removeLease, withFileLock } from "./lock.ts";
import { processCommand, processState, signal, waitForExit } from "./process.ts";
import { readOrMakeSecrets, type Secrets } from "./secrets.ts";

/** The major version that the checkout ships. */
const MAJOR = "18";

/** What one embedded server needs to know. */
export interface EmbeddedOptions {
  /** The folder of the server: data, passwords, log, leases. */
  readonly home: string;
  /** Settings of postgresql.conf; `durableSettings` for data that matters. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For what this process uses the server; shown by `marketbase doctor`. */
  readonly what?: string;
  /** Leave the server running after its last user has gone. */
  readonly keepRunning?: boolean;
  /** Hears what takes time: making the data folder, recovery after a crash. */
  readonly onProgress?: (message: string) => void;
}

/** A running server, used by this process until `release`. */
export interface EmbeddedServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly pid: number;
  readonly secrets: Secrets;
  /** Where everything of the server lies; differs from `home` when the server's account cannot enter that. */
  readonly folder: string;
  /** True when the server was running already. */
  readonly adopted: boolean;
  /** Ends the use; the last user stops the server, unless somebody asked to keep it running. */
  release(): Promise<void>;
}

/** How things stand, found out without starting anything. */
export interface EmbeddedStatus {
  readonly folder: string;
  readonly initialised: boolean;
  readonly version: string | undefined;
  readonly pid: number | undefined;
  readonly port: number | undefined;
  readonly keepRunning: boolean;
  readonly users: readonly { pid: number; what: string }[];
  readonly log: string;
  readonly secrets: string;
}

/** Settings for two cores and 4 GB: everything on disk before a commit is confirmed. */
export const durableSettings: Readonly<Record<string, string>> = {
  shared_buffers: "512MB",
  wal_buffers: "64MB",
  bgwriter_delay: "20ms",
  bgwriter_lru_maxpages: "1000",
  effective_cache_size: "1GB",
  work_mem: "32MB",
  maintenance_work_mem: "128MB",
  max_connections: "60",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  // The first to read a page after a checkpoint logs it whole; pglz, all that the bundle has, costs 1.3 µs a row there and saves a third of the bytes.
  wal_compression: "off",
  random_page_cost: "1.1",
  max_parallel_workers_per_gather: "1",
  track_io_timing: "on",
};

/** Settings for throw-away data: nothing waits for the disk. */
export const testSettings: Readonly<Record<string, string>> = {
  ...durableSettings,
  shared_buffers: "128MB",
  max_connections: "200",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  autovacuum_naptime: "10min",
};

/** Starts the server, or adopts the one that runs already; two processes that do so at once get the same server. */
export async function useEmbeddedServer(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const paths = pathsOf(options.home);
  const account = serverAccount();
  ownFolder(paths.folder, account.uid === undefined ? 0o700 : 0o711);
  return await withFileLock(paths.lock, async () => {
    let running = findRunning(paths.data);
    const adopted = running !== undefined;
    if (running === undefined) {
      // Nobody runs: a pid file that is still there belongs to a process that has died, or to its zombie.
      rmSync(join(paths.data, "postmaster.pid"), { force: true });
      running = await startServer(paths, await findBinaries(), options);
    } else if (running.status !== "ready") {
      options.onProgress?.("PostgreSQL is recovering");
      running = await waitUntilReady(paths, running.pid, () => undefined);
    }
    if (options.keepRunning === true) writeFileSync(paths.keep, "");
    return makeHandle(paths, running, adopted, options.what ?? "marketbase");
  });
}

/** What is there and what runs. */
export function embeddedStatus(home: string): EmbeddedStatus {
  const paths = pathsOf(home);
  const running = findRunning(paths.data);
  const versionFile = join(paths.data, "PG_VERSION");
  return {
    folder: paths.folder,
    initialised: existsSync(versionFile),
    version: existsSync(versionFile) ? readFileSync(versionFile, "utf8").trim() : undefined,
    pid: running?.pid,
    port: running?.port,
    keepRunning: existsSync(paths.keep),
    users: liveLeases(paths.leases).map(({ pid, what }) => ({ pid, what })),
    log: paths.log,
    secrets: paths.secrets,
  };
}

/** Port and passwords of the server, if one runs; nothing is started. */
export function runningServer(home: string): { port: number; secrets: Secrets } | undefined {
  const paths = pathsOf(home);
  const running = findRunning(paths.data);
  return running === undefined ? undefined : { port: running.port, secrets: readOrMakeSecrets(paths.secrets, false) };
}

/** Stops the server. Refuses while other processes use it, unless forced. True when there was one to stop. */
export async function stopEmbeddedServer(home: string, options: { force?: boolean } = {}): Promise<boolean> {
  const paths = pathsOf(home);
  if (!existsSync(paths.folder)) return false;
  return await withFileLock(paths.lock, async () => {
    const users = liveLeases(paths.leases).filter(({ pid }) => pid !== process.pid);
    const running = findRunning(paths.data);
    if (running !== undefined && users.length > 0 && options.force !== true) {
      throw new UserError(`The database is in use by ${users.map(({ what, pid }) => `${what} (process ${pid})`).join(", ")}.`, {
        hint: "Stop that first, or use --force.",
      });
    }
    rmSync(paths.keep, { force: true });
    if (running === undefined) return false;
    await stopLadder(running.pid);
    return true;
  });
}

interface Paths {
  folder: string;
  data: string;
  secrets: string;
  log: string;
  lock: string;
  leases: string;
  keep: string;
  port: string;
}

interface Running {
  pid: number;
  port: number;
  status: string;
}

function pathsOf(home: string): Paths {
  const account = serverAccount();
  const folder = canEnter(dirname(home), account) ? home : join(outsideFolder, `marketbase-${createHash("sha256").update(home).digest("hex").slice(0, 12)}`);
  return {
    folder,
    data: join(folder, "data"),
    secrets: join(folder, "secrets.json"),
    log: join(folder, "postgres.log"),
    lock: join(folder, "start.lock"),
    leases: join(folder, "leases"),
    keep: join(folder, "keep-running"),
    port: join(folder, "port"),
  };
}

function makeHandle(paths: Paths, running: Running, adopted: boolean, what: string): EmbeddedServer {
  const secrets = readOrMakeSecrets(paths.secrets, false);
  const lease = addLease(paths.leases, what);
  let released = false;
  // A process that ends without `release` (an exception, process.exit) still lets go: SIGTERM ends the server once its last connection is closed.
  const onExit = () => {
    removeLease(lease);
    if (liveLeases(paths.leases).length === 0 && !existsSync(paths.keep) && findRunning(paths.data) !== undefined) signal(running.pid, "SIGTERM");
  };
  process.once("exit", onExit);
  return {
    host: "127.0.0.1",
    port: running.port,
    pid: running.pid,
    secrets,
    folder: paths.folder,
    adopted,
    release: async () => {
      if (released) return;
      released = true;
      process.off("exit", onExit);
      await withFileLock(paths.lock, async () => {
        removeLease(lease);
        if (liveLeases(paths.leases).length > 0 || existsSync(paths.keep)) return;
        const now = findRunning(paths.data);
        if (now !== undefined) await stopLadder(now.pid);
      });
    },
  };
}

/** Ever firmer: finish what runs, then cut the connections, then leave recovery to the next start. */
async function stopLadder(pid: number): Promise<void> {
  signal(pid, "SIGTERM");
  if (await waitForExit(pid, 2_000)) return;
  signal(pid, "SIGINT");
  if (await waitForExit(pid, 6_000)) return;
  signal(pid, "SIGQUIT");
  if (await waitForExit(pid, 10_000)) return;
  throw new UserError(`PostgreSQL (process ${pid}) does not stop.`, { hint: `Look at its log; kill -9 ${pid} loses nothing that was committed.` });
}

/** The server that runs on the data folder, by its pid file; a number that now belongs to a zombie or to another program does not count. */
function findRunning(data: string): Running | undefined {
  let text: string;
  try {
    text = readFileSync(join(data, "postmaster.pid"), "utf8");
  } catch {
    return undefined;
  }
  // Lines: process number, data folder, start time, port, socket folder, address, shared memory, status.
  const lines = text.split("\n").map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || processState(pid) !== "running") return undefined;
  const command = processCommand(pid);
  if (command !== undefined && !command.includes(data)) return undefined;
  return { pid, port: Number(lines[3]), status: lines[7] ?? "" };
}

async function startServer(paths: Paths, binaries: Binaries, options: EmbeddedOptions): Promise<Running> {
  await makeDataFolder(paths, binaries, options);
  if (existsSync(paths.log) && statSync(paths.log).size > 10_000_000) renameSync(paths.log, `${paths.log}.1`);
  const settings = { ...(options.settings ?? durableSettings), ...fixedSettings };
  const deadline = Date.now() + 30_000;
  for (;;) {
    const port = await choosePort(paths.port);
    const log = openSync(paths.log, "a", 0o600);
    const before = fstatSync(log).size;
    const child = spawn(binaries.postgres, ["-D", paths.data, "-p", String(port), ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])], {
      ...binaries.account,
      cwd: "/",
      env: serverEnvironment,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.unref();
    const ended = new Promise<string>((settle) => {
      child.once("error", (error) => settle(error.message));
      child.once("exit", (code, name) => settle(`it ended with ${name ?? `status ${code}`}`));
    });
    let failure: string | undefined;
    void ended.then((reason) => (failure = reason));
    const { pid } = child;
    if (pid === undefined) throw new UserError(`PostgreSQL cannot be started: ${await ended}.`);
    // Until the lease is written the server is known to this process alone.
    const onExit = () => signal(pid, "SIGTERM");
    process.once("exit", onExit);
    try {
      const running = await waitUntilReady(paths, pid, () => failure, options.onProgress);
      writeFileSync(paths.port, String(running.port), { mode: 0o600 });
      return running;
    } catch (error) {
      const said = readFileSync(paths.log, "utf8").slice(before);
      // Another program took the port in between; the children of a server that was killed are still leaving.
      const passing = /Address already in use|could not bind|pre-existing shared memory|lock file .* already exists/.test(said);
      if (!passing || Date.now() > deadline) throw explainFailure(said, paths, error);
      rmSync(paths.port, { force: true });
      await sleep(300);
    } finally {
      process.off("exit", onExit);
    }
  }
}

/** Loopback only, no socket file, every clock in UTC. */
const fixedSettings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "%m [%p] %q%u@%d ",
};

/**
 * Nothing of ours leaks into the server: no PG* variables, no locale. A session of glibc keeps up to 64 MB that one statement has freed for the next one:
 * without that, computing features takes 4,000 page faults for 100,000 bars in place of 100.
 */
const serverEnvironment = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", MALLOC_TRIM_THRESHOLD_: "67108864", MALLOC_MMAP_THRESHOLD_: "33554432" };

async function waitUntilReady(paths: Paths, pid: number, failure: () => string | undefined, onProgress?: (message: string) => void): Promise<Running> {
  const begun = Date.now();
  let told = false;
  for (;;) {
    const running = findRunning(paths.data);
    if (running?.pid === pid && running.status === "ready") return running;
    const reason = failure() ?? (processState(pid) === "running" ? undefined : "it ended");
    if (reason !== undefined) throw new Error(reason);
    const waited = Date.now() - begun;
    if (waited > 3_000 && !told) {
      told = true;
      onProgress?.("PostgreSQL is recovering from a crash");
    }
    if (waited > 300_000) throw new Error("it was not ready after 300 s");
    await sleep(20);
  }
}

function explainFailure(said: string, paths: Paths, cause: unknown): UserError {
  const fatal = said.split("\n").findLast((line) => /FATAL|PANIC|could not/.test(line))?.replace(/^.*?(FATAL|PANIC|LOG): +/, "");
  const reason = fatal ?? (cause instanceof Error ? cause.message : String(cause));
  return new UserError(`PostgreSQL did not start: ${reason}.`, { hint: `Its log is ${paths.log}.`, cause });
}

async function makeDataFolder(paths: Paths, binaries: Binaries, options: EmbeddedOptions): Promise<void> {
  const versionFile = join(paths.data, "PG_VERSION");
  if (existsSync(versionFile)) {
    const version = readFileSync(versionFile, "utf8").trim();
    if (version !== MAJOR) {
      throw new UserError(`The data in ${paths.data} was made by PostgreSQL ${version}, and this marketbase runs PostgreSQL ${MAJOR}.`, {
        hint: `Use the marketbase that made it to export what you need, then move the folder away; or set MARKETBASE_HOME to another folder.`,
      });
    }
    readOrMakeSecrets(paths.secrets, false);
    return;
  }
  if (existsSync(paths.data) && readdirSync(paths.data).length > 0) {
    throw new UserError(`The folder ${paths.data} is not empty and holds no PostgreSQL data.`, { hint: "Move it away, or set MARKETBASE_HOME to another folder." });
  }
  options.onProgress?.("making the database folder");
  for (const name of readdirSync(paths.folder)) {
    if (name.startsWith("data.new-")) rmSync(join(paths.folder, name), { recursive: true, force: true });
  }
  const secrets = readOrMakeSecrets(paths.secrets, true);
  const draft = join(paths.folder, `data.new-${process.pid}`);
  const passwordFile = `${draft}.password`;
  writeFileSync(passwordFile, secrets.superuser, { mode: 0o600 });
  ownFolder(draft, 0o700);
  give(passwordFile, binaries.account);
  give(draft, binaries.account);
  try {
    await runInitdb(binaries, draft, passwordFile, options.settings?.["fsync"] === "off");
    rmSync(paths.data, { recursive: true, force: true });
    renameSync(draft, paths.data);
    chmodSync(paths.data, 0o700);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

function give(path: string, account: Account): void {
  if (account.uid !== undefined && account.gid !== undefined) chownSync(path, account.uid, account.gid);
}

async function runInitdb(binaries: Binaries, data: string, passwordFile: string, throwAway: boolean): Promise<void> {
  const flags = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256", "--username=postgres"];
  const child = spawn(binaries.initdb, ["-D", data, ...flags, `--pwfile=${passwordFile}`, "--no-instructions", ...(throwAway ? ["--no-sync"] : [])], {
    ...binaries.account,
    cwd: "/",
    env: { ...serverEnvironment, TMPDIR: tmpdir() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const failure = await new Promise<string | undefined>((settle) => {
    child.once("error", (error) => settle(error.message));
    child.once("close", (code, name) => settle(code === 0 ? undefined : `${name ?? `status ${code}`}`));
  });
  if (failure !== undefined) {
    const reason = said.split("\n").findLast((line) => /error|could not|FATAL/i.test(line))?.trim() ?? failure;
    throw new UserError(`The database folder ${basename(data)} could not be made: ${reason}.`, {
      exitCode: EXIT.failed,
      hint: `Check the space and the permissions of ${dirname(data)}.`,
      cause: new Error(said.trim()),
    });
  }
}

/** The port of last time when it is free, else any free one. */
async function choosePort(file: string): Promise<number> {
  const remembered = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  if (remembered > 0 && remembered < 65536) {
    const port = await listenOnce(remembered);
    if (port !== undefined) return port;
  }
  const port = await listenOnce(0);
  if (port === undefined) throw new UserError("No free port on 127.0.0.1.");
  return port;
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((settle) => {
    const probe = createServer();
    probe.once("error", () => settle(undefined));
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => settle(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}

import { readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot, type Config } from "../config/config.ts";
import { embeddedStatus } from "../embedded/server.ts";
import { outsideFolder } from "../embedded/binaries.ts";
import type { Report } from "./report.ts";

/** The packages that matter most, with the versions of package.json. */
const packages = ["postgraphile", "graphile-worker", "graphile-migrate", "pg", "zod", "ioredis"];

/** Node, the packages, the folder of the embedded server, the disk: what can be seen without a connection. */
export function checkInstallation(report: Report, config: Config): void {
  report.fact("runtime", "node", process.versions.node);
  report.fact("runtime", "platform", `${process.platform} ${process.arch}${process.getuid?.() === 0 ? ", as root" : ""}`);
  report.fact("runtime", "environment", config.environment);
  checkPackages(report);
  if (config.databaseUrl === undefined) checkEmbedded(report, config);
}

function checkPackages(report: Report): void {
  const { dependencies } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  for (const name of packages) {
    const wanted = dependencies[name];
    const found = installedVersion(name);
    report.fact("packages", name, found ?? "missing");
    if (found === undefined || (wanted !== undefined && found !== wanted)) {
      report.finding(`The package ${name} is ${found === undefined ? "missing" : `version ${found}, not ${wanted}`}.`, "Run npm ci.");
    }
  }
}

function installedVersion(name: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(repositoryRoot, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;
  } catch {
    return undefined;
  }
}

function checkEmbedded(report: Report, config: Config): void {
  const status = embeddedStatus(config.home);
  report.fact("database", "server", "embedded");
  report.fact("database", "folder", status.folder);
  if (status.folder.startsWith(outsideFolder)) {
    report.fact("database", "note", `the checkout cannot be entered by the server's account, so the data lies under ${outsideFolder}; MARKETBASE_HOME chooses another place`);
  }
  report.fact("database", "log", status.log);
  report.fact("database", "state", describeState(status));
  for (const user of status.users) report.fact("database", "used by", `${user.what} (process ${user.pid})`);
  if (status.version !== undefined && status.version !== "18") {
    report.finding(`The data folder was made by PostgreSQL ${status.version}.`, "Move it away or set MARKETBASE_HOME to another folder.");
  }
  checkSecrets(report, status);
  checkDisk(report, status.folder);
}

function describeState(status: ReturnType<typeof embeddedStatus>): string {
  if (status.pid !== undefined) {
    return `running on 127.0.0.1:${status.port} (process ${status.pid})${status.keepRunning ? ", until marketbase db stop" : ""}`;
  }
  return status.initialised ? "not running (npm start or marketbase db start)" : "not made yet (npm start or marketbase db start)";
}

function checkSecrets(report: Report, status: ReturnType<typeof embeddedStatus>): void {
  const stat = statSync(status.secrets, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (status.initialised) report.finding(`The file of passwords ${status.secrets} is missing.`, "Restore it from a backup; without it the database cannot be opened.");
  } else if ((stat.mode & 0o077) !== 0) {
    report.finding(`Others may read the file of passwords ${status.secrets}.`, `Run chmod 600 ${status.secrets}`);
  }
}

function checkDisk(report: Report, folder: string): void {
  let place = folder;
  while (statSync(place, { throwIfNoEntry: false }) === undefined && place !== dirname(place)) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const free = (bavail * bsize) / 1e9;
  report.fact("database", "disk free", `${free.toFixed(1)} GB`);
  if (free < 1) report.finding(`Only ${free.toFixed(1)} GB are free where the database lies.`, "Free some space: PostgreSQL stops when the disk is full.");
}

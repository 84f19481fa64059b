import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { temporaryFolder } from "../testing/folder.ts";
import { askServer, otherProcess } from "../testing/server.ts";
import { processState, waitForExit } from "./process.ts";
import { embeddedStatus, testSettings, useEmbeddedServer, type EmbeddedServer } from "./server.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

// A killed process, other than a power cut, takes nothing that was handed to the system: a commit has to wait for that, not for the disk.
const settings = { ...testSettings, synchronous_commit: "on" };

function use(home: string): Promise<EmbeddedServer> {
  return useEmbeddedServer({ home, settings, what: "test" });
}

t.test("kill -9 of the process leaves the server; the next start adopts it and loses nothing", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const { child, said } = await otherProcess(home);
  const before = { port: said.port, secrets: JSON.parse(readFileSync(embeddedStatus(home).secrets, "utf8")) as EmbeddedServer["secrets"] };
  await askServer(before, "create table kept as select 7 as n");
  child.kill("SIGKILL");
  await once(child, "exit");
  t.equal(processState(said.pid), "running");
  const next = await use(home);
  t.equal(next.adopted, true);
  t.equal(next.pid, said.pid, "there is no second server");
  t.equal(await askServer(next, "select n from kept"), 7);
  t.equal(embeddedStatus(home).users.length, 1, "the lease of the dead process is swept away");
  await next.release();
  // A container's first process may never collect the orphan: a zombie has ended, too.
  t.not(processState(said.pid), "running");
});

t.test("F4: kill -9 of the postmaster: the next start recovers what was committed", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const first = await use(home);
  await askServer(first, "create table kept as select generate_series(1, 1000) as n");
  process.kill(first.pid, "SIGKILL");
  await waitForExit(first.pid, 5_000);
  const second = await use(home);
  t.not(second.pid, first.pid);
  t.equal(second.adopted, false);
  t.equal(await askServer(second, "select count(*)::int from kept"), 1000);
  await first.release();
  await second.release();
  t.not(processState(second.pid), "running");
});

t.test("a pid file that names a zombie or a stranger does not count", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const first = await use(home);
  await first.release();
  const pidFile = join(embeddedStatus(home).folder, "data/postmaster.pid");
  const lines = (pid: number) => `${pid}\n${join(home, "data")}\n1700000000\n${first.port}\n\n127.0.0.1\n 0 0\nready\n`;

  // The shell leaves a child that has ended and becomes a program that never asks for it.
  const parent = spawn("sh", ["-c", "sleep 0.05 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => parent.kill("SIGKILL"));
  const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
  const zombie = Number(chunk.toString());
  for (let tries = 0; tries < 100 && processState(zombie) !== "zombie"; tries++) await sleep(20);
  t.equal(processState(zombie), "zombie");

  for (const [who, pid] of [["zombie", zombie], ["stranger", process.pid], ["dead", 999_999_999]] as const) {
    writeFileSync(pidFile, lines(pid));
    t.equal(embeddedStatus(home).pid, undefined, `${who}: nothing runs`);
    const server = await use(home);
    t.equal(server.adopted, false, `${who}: a server of our own starts`);
    t.equal(await askServer(server, "select 1"), 1);
    await server.release();
  }
});

t.test("two processes that start at once get the same server", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const all = await Promise.all([otherProcess(home), otherProcess(home), otherProcess(home)]);
  t.equal(new Set(all.map(({ said }) => said.pid)).size, 1);
  t.equal(all.filter(({ said }) => !said.adopted).length, 1, "one starts it, two adopt it");
  const exits = all.map(async ({ child }) => {
    child.stdin?.end();
    await once(child, "exit");
  });
  await Promise.all(exits);
  t.not(processState(all[0]?.said.pid ?? 0), "running");
});

t.test("a process that exits without releasing lets go of the server all the same", async (t) => {
  const home = join(temporaryFolder(t), "home");
  const { child, said } = await otherProcess(home, "exit");
  if (child.exitCode === null) await once(child, "exit");
  t.ok(await waitForExit(said.pid, 5_000), "the server ends by itself");
});

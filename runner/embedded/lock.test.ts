import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { temporaryFolder } from "../testing/folder.ts";
import { addLease, liveLeases, removeLease, withFileLock } from "./lock.ts";
import { processStart } from "./process.ts";

const dead = 999_999_999;

t.test("one at a time, and the lock goes away with the work, also when it fails", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "lock");
  let inside = 0;
  const work = () =>
    withFileLock(path, async () => {
      inside += 1;
      t.equal(inside, 1);
      await sleep(20);
      inside -= 1;
    });
  await Promise.all([work(), work(), work()]);
  await t.rejects(withFileLock(path, async () => Promise.reject(new Error("broken"))), { message: "broken" });
  t.same(readdirSync(folder), [], "nothing is left over");
});

t.test("the lock of the dead is taken over, that of the living is not", async (t) => {
  const path = join(temporaryFolder(t), "lock");
  writeFileSync(path, JSON.stringify({ pid: dead, start: "1", what: "lock" }));
  t.equal(await withFileLock(path, async () => "done"), "done");
  // The number of this process, but begun at another time: it was given to somebody else since.
  if (processStart(process.pid) !== undefined) {
    writeFileSync(path, JSON.stringify({ pid: process.pid, start: "1", what: "lock" }));
    t.equal(await withFileLock(path, async () => "done"), "done");
  }
  writeFileSync(path, JSON.stringify({ pid: process.pid, start: processStart(process.pid), what: "lock" }));
  await t.rejects(
    withFileLock(path, async () => "done", 200),
    { name: "UserError", exitCode: 75, message: new RegExp(`process ${process.pid}`), hint: new RegExp(path) },
  );
  t.ok(existsSync(path), "it was left alone");
});

t.test("leases: the living count, the dead are swept away", async (t) => {
  const folder = join(temporaryFolder(t), "leases");
  t.same(liveLeases(folder), [], "no folder, no users");
  mkdirSync(folder);
  writeFileSync(join(folder, "1.json"), JSON.stringify({ pid: dead, what: "ghost" }));
  writeFileSync(join(folder, "2.json"), "half writ");
  const lease = addLease(folder, "test");
  t.match(liveLeases(folder), [{ pid: process.pid, what: "test" }]);
  t.equal(readdirSync(folder).length, 1);
  removeLease(lease);
  removeLease(lease);
  t.same(liveLeases(folder), []);
});

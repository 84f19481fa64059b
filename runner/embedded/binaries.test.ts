import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { temporaryFolder } from "../testing/folder.ts";
import { canEnter, findBinaries, ownFolder, repairSymlinks, serverAccount } from "./binaries.ts";

const root = process.getuid?.() === 0;

t.test("the programs run, as somebody who is not root, and are version 18", async (t) => {
  const { postgres, initdb, account } = await findBinaries();
  t.match(execFileSync(postgres, ["-V"], { ...account, cwd: "/", encoding: "utf8" }), /^postgres \(PostgreSQL\) 18\./);
  t.ok(existsSync(initdb));
  t.equal(account.uid === undefined, !root);
  if (root) t.not(account.uid, 0);
});

t.test("library links that an installation without scripts left out are made again", async (t) => {
  const native = join(temporaryFolder(t), "native");
  mkdirSync(join(native, "lib"), { recursive: true });
  writeFileSync(join(native, "lib/libx.so.5.18"), "library");
  writeFileSync(join(native, "pg-symlinks.json"), JSON.stringify([{ source: "native/lib/libx.so.5.18", target: "native/lib/libx.so.5" }]));
  for (const _time of ["made", "left alone"]) {
    repairSymlinks(native);
    t.equal(readlinkSync(join(native, "lib/libx.so.5")), "libx.so.5.18", "relative, so that the folder can move");
    t.equal(readFileSync(join(native, "lib/libx.so.5"), "utf8"), "library");
  }
});

t.test("whether an account may enter a folder", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "closed/inner"), { recursive: true });
  chmodSync(join(folder, "closed"), 0o700);
  const stranger = { uid: 65_000, gid: 65_000 };
  t.equal(canEnter(folder, stranger), true);
  t.equal(canEnter(join(folder, "not/there/yet"), stranger), true);
  t.equal(canEnter(join(folder, "closed/inner"), stranger), false);
  t.equal(canEnter(join(folder, "closed/inner"), {}), true, "ourselves");
  t.equal(canEnter(join(folder, "closed"), { uid: statSync(folder).uid, gid: 65_000 }), true, "the owner");
});

t.test("a folder that is not ours alone is refused", async (t) => {
  const folder = temporaryFolder(t);
  ownFolder(join(folder, "mine"), 0o700);
  t.equal(statSync(join(folder, "mine")).mode & 0o777, 0o700);
  ownFolder(join(folder, "mine"), 0o700);
  chmodSync(join(folder, "mine"), 0o777);
  t.throws(() => ownFolder(join(folder, "mine"), 0o700), { name: "UserError", message: /does not belong to you alone/ });
  symlinkSync("/tmp", join(folder, "link"));
  t.throws(() => ownFolder(join(folder, "link"), 0o700), { message: /does not belong to you alone/ });
});

t.test("root runs the server as an account without rights", async (t) => {
  const account = serverAccount();
  if (root) t.ok(account.uid !== undefined && account.uid !== 0);
  else t.same(account, {});
});

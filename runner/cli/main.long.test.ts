import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { repositoryRoot } from "../config/config.ts";
import { runCli } from "../testing/cli.ts";

// Many processes, on a machine that may be busy.
t.setTimeout(120_000);

// A server that accepts connections and never says a word: whoever connects waits.
const silent = createServer(() => undefined).listen(0, "127.0.0.1");
await once(silent, "listening");
t.teardown(() => silent.close());
const waiting = { DATABASE_URL: `postgres://me:secret@127.0.0.1:${(silent.address() as AddressInfo).port}/db` };

t.test("a signal ends a command that does not watch for it, at once, with the signal's status", async (t) => {
  for (const [name, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const connected = once(silent, "connection");
    const child = spawn(process.execPath, [join(repositoryRoot, "runner/cli/marketbase.js"), "db", "migrate"], { env: { ...process.env, ...waiting }, stdio: "ignore" });
    await connected;
    const begun = performance.now();
    child.kill(name);
    t.same(await once(child, "exit"), [status, null], name);
    t.ok(performance.now() - begun < 5_000);
  }
});

t.test("an unhandled rejection and an uncaught exception end the process with status 70", async (t) => {
  for (const fault of ['Promise.reject(new Error("lost"))', '(() => { throw new Error("lost"); })()']) {
    const lost = `data:text/javascript,setTimeout(() => ${fault}, 1500)`;
    const result = await runCli(["db", "migrate"], { ...waiting, NODE_OPTIONS: `--import=${encodeURI(lost)}` });
    t.equal(result.status, 70);
    t.match(result.stderr, /marketbase: Something unexpected happened: lost\.\nThis is a fault of marketbase/);
    t.equal(result.stdout, "");
  }
});

t.test("a reader that leaves early is no error", async (t) => {
  const command = `"${process.execPath}" "${join(repositoryRoot, "runner/cli/marketbase.js")}" --help | true; echo "\${PIPESTATUS[0]}"`;
  t.match(spawnSync("bash", ["-c", command], { encoding: "utf8" }), { stdout: "0\n", stderr: "" });
});

t.test("a Node that is too old is told so, in plain JavaScript", async (t) => {
  const old = "data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
  const { status, stderr } = await runCli(["doctor"], { NODE_OPTIONS: `--import=${encodeURI(old)}` });
  t.equal(status, 1);
  t.match(stderr, /^marketbase needs Node 22\.18 or newer, and this is Node 20\.20\.2\.\n/);
});

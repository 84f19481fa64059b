// Runs test files one after the other in one process, each as a test of its own, and writes TAP. The parent (run-files.ts) hands out the paths.
import { once } from "node:events";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import root from "tap";
import { setFileTest } from "./file-test.ts";

const substitute = new URL("file-test.ts", import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "tap" && context.parentURL !== substitute && context.parentURL?.endsWith(".ts") === true ? { url: substitute, shortCircuit: true } : next(specifier, context),
});

// Every file has its own time; a file that hangs without returning to the event loop is killed by the parent.
const timeout = Number(process.env["TAP_TIMEOUT"]) * 1_000;
root.setTimeout(0);
for (;;) {
  const answer = once(process, "message") as Promise<[{ file?: string }]>;
  process.channel?.ref();
  process.send?.("next");
  const [{ file }] = await answer;
  if (file === undefined) break;
  const results = await root.test(file, { timeout }, async (test) => {
    setFileTest(test);
    await import(pathToFileURL(resolve(file)).href);
  });
  if (results?.count === 0) root.fail(`${file} holds no test`);
}
root.end();
process.disconnect();

#!/usr/bin/env node
// The way in: plain JavaScript, so that a Node that is too old for the rest can say so.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`marketbase needs Node 22.18 or newer, and this is Node ${process.versions.node}.`);
  console.error("npx marketbase and npm start use the Node that npm ci installs on Linux; elsewhere install a newer Node (https://nodejs.org).");
  process.exitCode = 1;
} else {
  // Compiled modules are kept, which saves a third of the start; where the folder cannot be written they are not. `npm ci` empties it.
  enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/marketbase", import.meta.url)));
  await import("./main.ts");
}

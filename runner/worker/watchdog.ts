import { Worker } from "node:worker_threads";

/** Runs beside the event loop: when that stops turning, the process ends, and others take over what it had in hand. */
const source = `
  const { workerData } = require("node:worker_threads");
  const { turns, milliseconds } = workerData;
  const counter = new Int32Array(turns);
  let seen = -1;
  let missed = 0;
  setInterval(() => {
    const now = Atomics.load(counter, 0);
    missed = now === seen ? missed + 1 : 0;
    // Twice in a row: a machine that was asleep has a turn in between.
    if (missed === 2) {
      require("node:fs").writeSync(2, "marketbase worker: a step blocked the process for " + milliseconds / 1000 + " s; it is ended\\n");
      process.kill(process.pid, "SIGKILL");
    }
    seen = now;
  }, milliseconds / 2);
`;

/**
 * Ends this process by force when its event loop does not turn for `milliseconds` (and up to half as long again): a step that never returns would hold its run,
 * and the heartbeat would stand still with it. Returns how to call the watch off.
 */
export function watchEventLoop(milliseconds: number): () => Promise<void> {
  const turns = new SharedArrayBuffer(4);
  const counter = new Int32Array(turns);
  const watchdog = new Worker(source, { eval: true, workerData: { turns, milliseconds }, stdout: false, stderr: false });
  watchdog.unref();
  const timer = setInterval(() => Atomics.add(counter, 0, 1), milliseconds / 4);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await watchdog.terminate();
  };
}

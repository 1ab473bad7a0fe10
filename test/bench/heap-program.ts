// Loaded into a host: on SIGUSR2 it collects garbage and prints the bytes of the heap that are in use.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = () => void runInNewContext("gc()");

process.on("SIGUSR2", () => {
  // Twice: what finalizers let go of is free only the second time.
  collect();
  setImmediate(() => {
    collect();
    process.stdout.write(`heap in use: ${process.memoryUsage().heapUsed}\n`);
  });
});

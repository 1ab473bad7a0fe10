import { parentPort } from "node:worker_threads";
import { WorkerSession } from "./worker-session.js";

// The first file of a worker: found by its URL, imported by nothing.
if (parentPort !== null) new WorkerSession(parentPort);

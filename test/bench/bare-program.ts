import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

/** A peer in a process of its own, as the host is. */
export interface BareProgram {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a program that prints the port that it listens on. */
export async function startBareProgram(path: string, ...args: readonly string[]): Promise<BareProgram> {
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const port = Number((await firstOutput(child.stdout)).trim());
  return {
    port,
    stop: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

async function firstOutput(stream: Readable): Promise<string> {
  for await (const chunk of stream) return String(chunk);
  throw new Error("the bare program ended before it listened");
}

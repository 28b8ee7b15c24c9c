import { closeSync, openSync, readSync } from "node:fs";

const linuxInterval = 5;
const otherInterval = 100;
const pageSize = 4096;

/**
 * Calls `onExceeded` once when the process holds more resident memory than `limit` bytes, within
 * some milliseconds. Where there is no `/proc`, `ps` is asked ten times a second.
 *
 * @returns a function that ends the watch
 */
export function watchMemory(pid: number, limit: number, onExceeded: () => void): () => void {
  const descriptor = openStatm(pid);
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    if (descriptor !== undefined) closeSync(descriptor);
  };
  const check = (resident: number) => {
    if (stopped || resident <= limit) return;
    stop();
    onExceeded();
  };
  const buffer = Buffer.alloc(128);
  const look = () => {
    if (descriptor === undefined) void residentByPs(pid).then(check);
    else check(residentByStatm(descriptor, buffer));
  };
  const timer = setInterval(look, descriptor === undefined ? otherInterval : linuxInterval);
  return stop;
}

function openStatm(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return openSync(`/proc/${pid}/statm`, "r");
  } catch {
    // The process is gone already.
    return undefined;
  }
}

function residentByStatm(descriptor: number, buffer: Buffer): number {
  try {
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    return Number(buffer.toString("latin1", 0, length).split(" ")[1]) * pageSize;
  } catch {
    // A process that ended holds nothing.
    return 0;
  }
}

async function residentByPs(pid: number): Promise<number> {
  const ps = Bun.spawn(["ps", "-o", "rss=", "-p", String(pid)], {
    stdin: "ignore",
    stderr: "ignore",
  });
  const kilobytes = Number.parseInt(await new Response(ps.stdout).text(), 10);
  return Number.isNaN(kilobytes) ? 0 : kilobytes * 1024;
}

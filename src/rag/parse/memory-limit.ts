/**
 * Limits the resident memory of this process to so many bytes, overshot by what a few milliseconds
 * fill: beyond that it is killed. In force when the promise resolves, for good.
 */
export async function limitMemory(bytes: number): Promise<void> {
  const worker = new Worker(new URL("./memory-worker.ts", import.meta.url).href);
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(bytes);
  });
}

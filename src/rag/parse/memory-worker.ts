/** How often the memory is looked at, in milliseconds: a parser fills some 10 MB in this time. */
const interval = 5;

/**
 * Ends this process, without mercy, when it holds more resident bytes than the message says. It is a
 * thread of its own, so that it looks on whatever the parser and the server are busy with. It
 * answers once, when it begins to.
 */
self.onmessage = ({ data: limit }: MessageEvent<number>) => {
  self.postMessage("watching");
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    if (process.memoryUsage.rss() > limit) process.kill(process.pid, "SIGKILL");
    Atomics.wait(clock, 0, 0, interval);
  }
};

/**
 * The floor: passes the upstream's bytes through untouched, as little as a server on Bun can do to a
 * stream. `UPSTREAM` is the address to pipe from. Prints its port.
 */
const upstream = process.env.UPSTREAM ?? "";

const server = Bun.serve({
  port: 0,
  idleTimeout: 255,
  async fetch(request) {
    const answer = await fetch(upstream, {
      method: "POST",
      body: await request.text(),
      signal: request.signal,
    });
    return new Response(answer.body, { headers: { "content-type": "text/event-stream" } });
  },
});
process.stdout.write(`${server.port}\n`);

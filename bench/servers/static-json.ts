/**
 * The floor: answers every request with the same JSON of `BYTES` bytes, after reading its body, as
 * little as a server on Bun can do. Prints its port.
 */
import { setting } from "./setting.ts";

const json = JSON.stringify("x".repeat(setting("BYTES", 100) - 2));
const headers = { "content-type": "application/json; charset=utf-8" };

const server = Bun.serve({
  port: 0,
  idleTimeout: 255,
  async fetch(request) {
    if (request.method === "POST") await request.json();
    return new Response(json, { headers });
  },
});
process.stdout.write(`${server.port}\n`);

/**
 * Load, from a process of its own: `CONNECTIONS` sockets to port `PORT` of this machine, each of which
 * sends the bytes of `REQUEST` as soon as its last answer is whole, for `SECONDS`. It reads as little
 * of an answer as it can, so that the server has the machine to itself. Prints what it counted, as
 * `Load` in JSON.
 */
import { quantile } from "../measure.ts";
import { setting } from "../servers/setting.ts";

export interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds that an answer took, as 99 % of them did or faster. */
  readonly p99: number;
  /** Of one whole answer, its head included. */
  readonly bytes: number;
}

interface Client {
  sent: number;
  /** The answer so far. */
  received: Buffer;
}

const request = Buffer.from(process.env.REQUEST ?? "");
const headEnd = Buffer.from("\r\n\r\n");
const latencies: number[] = [];
let lastLength = 0;
let stopped = false;

/** The length of an answer whose head is whole; undefined until then. */
function lengthOf(answer: Buffer): number | undefined {
  const end = answer.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = answer.toString("latin1", 0, end);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (!/^HTTP\/1\.1 2/.test(head) || length === undefined) {
    throw new Error(`not the answer that was asked for:\n${answer.toString()}`);
  }
  return end + headEnd.length + Number(length);
}

function send(socket: Bun.Socket<Client>): void {
  socket.data.sent = performance.now();
  if (socket.write(request) < request.length) throw new Error("a request was not sent whole");
}

const sockets = await Promise.all(
  Array.from({ length: setting("CONNECTIONS", 64) }, () =>
    Bun.connect<Client>({
      hostname: "127.0.0.1",
      port: setting("PORT", 0),
      data: { sent: 0, received: Buffer.alloc(0) },
      socket: {
        open: send,
        data(socket, bytes) {
          const client = socket.data;
          const answer =
            client.received.length === 0 ? bytes : Buffer.concat([client.received, bytes]);
          client.received = answer;
          // Answers to one request are alike: only one of another length has its head read.
          if (answer.length !== lastLength) {
            const length = lengthOf(answer);
            if (length === undefined || answer.length < length) return;
            lastLength = length;
          }
          if (answer[9] !== 0x32) throw new Error(`not a success:\n${answer.toString()}`);
          client.received = Buffer.alloc(0);
          latencies.push(performance.now() - client.sent);
          if (!stopped) send(socket);
        },
        close() {
          if (!stopped) throw new Error("the server closed a connection");
        },
        error(_, error) {
          throw error;
        },
      },
    }),
  ),
);

const started = performance.now();
await Bun.sleep(setting("SECONDS", 2) * 1000);
stopped = true;
const load: Load = {
  requests: latencies.length,
  seconds: (performance.now() - started) / 1000,
  p99: quantile(latencies, 0.99),
  bytes: lastLength,
};
for (const socket of sockets) socket.terminate();
process.stdout.write(`${JSON.stringify(load)}\n`);
process.exit(0);

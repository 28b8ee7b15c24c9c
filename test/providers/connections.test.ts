import { afterEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { Socket, TCPSocketListener } from "bun";
import { ConnectionFault } from "../../src/providers/http/connection.ts";
import { exchange } from "../../src/providers/http/connections.ts";
import { readText } from "../../src/providers/http/read-whole.ts";
import type { Outgoing } from "../../src/providers/http/reply.ts";
import { until } from "../until.ts";

const never = new AbortController().signal;
const most = 100_000_000;

/** A server that says what a test wants, byte by byte; `requests` is all that came over each connection. */
class RawServer {
  readonly sockets: Socket<undefined>[] = [];
  readonly requests: string[] = [];
  closed = 0;
  readonly onClose = (): void => {
    this.closed += 1;
  };
  readonly #listener: TCPSocketListener;

  /** `answer` is called with every request, once its body `{}` has come. */
  constructor(answer: (socket: Socket<undefined>, server: RawServer) => void) {
    this.#listener = Bun.listen<undefined>({
      data: undefined,
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          this.sockets.push(socket);
          this.requests.push("");
        },
        data: (socket, bytes) => {
          const at = this.sockets.indexOf(socket);
          this.requests[at] += bytes.toString("latin1");
          if (bytes.toString("latin1").endsWith("}")) answer(socket, this);
        },
        close: this.onClose,
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.port}`;
  }

  stop(): void {
    this.#listener.stop(true);
  }
}

let server: RawServer;
afterEach(() => server.stop());

function serve(answer: (socket: Socket<undefined>, server: RawServer) => void): void {
  server = new RawServer(answer);
}

const says = (text: string, ending: "open" | "end" = "open") =>
  serve((socket) => {
    socket.write(text);
    if (ending === "end") socket.end();
  });

function ask(more: Partial<Outgoing> = {}) {
  const body = Buffer.from("{}");
  return exchange({
    url: new URL(`${server.url}/v1?a=1`),
    headers: {},
    body,
    signal: never,
    ...more,
  });
}

const askText = async (): Promise<string> => readText((await ask()).body, most);

async function faultOf(failing: Promise<unknown>): Promise<string> {
  const fault = await failing.catch((error: unknown) => error);
  if (!(fault instanceof ConnectionFault)) throw new Error(`no fault: ${fault}`);
  return fault.code;
}

describe("a request", () => {
  test("is one of HTTP/1.1", async () => {
    says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    await ask({ headers: { accept: "a/b" } });
    expect(server.requests).toEqual([
      `POST /v1?a=1 HTTP/1.1\r\nhost: ${server.url.slice(7)}\r\nconnection: keep-alive\r\naccept: a/b\r\ncontent-length: 2\r\n\r\n{}`,
    ]);
  });

  test("of many bytes leaves as the server takes it", async () => {
    says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    const body = Buffer.alloc(20_000_000, "x");
    body.write("}", body.length - 1);
    const asked = ask({ body });
    await until(() => server.sockets.length === 1, "a connection");
    server.sockets[0]?.pause();
    server.sockets[0]?.resume();
    expect((await asked).status).toBe(200);
    expect(server.requests[0]?.length).toBeGreaterThan(body.length);
  });
});

describe("an answer", () => {
  test("is read however its bytes are cut", async () => {
    const text =
      "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\nHTTP/1.1 200 Fine\r\nX-A: b\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    serve(async (socket) => {
      for (const character of text) {
        socket.write(character);
        await new Promise(setImmediate);
      }
    });
    const reply = await ask();
    expect(reply).toMatchObject({ status: 200, statusText: "Fine" });
    expect(reply.header("x-a")).toBe("b");
    expect(reply.header("link")).toBeUndefined();
    expect(await readText(reply.body, most)).toBe("abcde");
  });

  test("may end with its connection", async () => {
    says("HTTP/1.0 200 OK\r\n\r\nall of it", "end");
    expect(await askText()).toBe("all of it");
  });

  test("that is cut looks cut", async () => {
    says("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "end");
    const { body } = await ask();
    expect(String(await body.read())).toBe("abc");
    expect(await faultOf(body.read())).toBe("ECONNRESET");
  });

  test("that is none is a fault", async () => {
    for (const [text, code] of [
      ["SSH-2.0-OpenSSH\r\n\r\n", "no HTTP"],
      ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "no HTTP"],
      ["HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", "no HTTP"],
      [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`, "too long a head"],
      ["HTTP/1.1 200 OK\r\ncontent-encoding: zip\r\n\r\n", "content-encoding zip"],
    ] as const) {
      says(text);
      expect(await faultOf(ask())).toBe(code);
      await until(() => server.closed === 1, "the connection is dropped");
      server.stop();
    }
    says("", "end");
    expect(await faultOf(ask())).toBe("ECONNRESET");
  });

  test("that is framed wrongly breaks off", async () => {
    says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nxyz");
    const { body } = await ask();
    expect(await faultOf(readText(body, most))).toBe("no HTTP");
  });

  test("is as it was before it was compressed", async () => {
    const plain = "data: 你好\n\n".repeat(10_000);
    const packed = gzipSync(plain);
    serve((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`,
      );
      socket.write(packed);
    });
    expect(await askText()).toBe(plain);
    serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope");
    });
    expect(await askText().catch((error: Error) => error.message)).toContain("incorrect header");
  });

  test("waits for who does not read it", async () => {
    let sent = 0;
    const piece = Buffer.alloc(65_536, "x");
    serve((socket, { onClose }) => {
      const write = () => {
        for (let written = 1; written > 0; sent += Math.max(0, written)) {
          written = socket.write(piece);
        }
      };
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.reload({ socket: { drain: write, data() {}, close: onClose } });
      write();
    });
    const { body } = await ask();
    let last = 0;
    let looks = 0;
    await until(() => {
      looks = sent === last ? looks + 1 : 0;
      last = sent;
      return looks === 20;
    }, "the server waits");
    // What the system holds on both sides, and a read of ours.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect((await body.read())?.length).toBeLessThan(1024 * 1024);
    body.cancel();
    await until(() => server.closed === 1, "the connection is dropped");
  });
});

describe("a connection", () => {
  const empty = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

  test("serves one exchange after the other", async () => {
    says(empty);
    for (let i = 0; i < 3; i++) await ask();
    expect(server.sockets).toHaveLength(1);
    await Promise.all([ask(), ask()]);
    expect(server.sockets).toHaveLength(2);
  });

  test("is not used again where the answer forbids it, or tells more than was asked", async () => {
    for (const text of [
      "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
      "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
      `${empty}more`,
    ]) {
      says(text);
      await ask();
      await ask();
      expect(server.sockets).toHaveLength(2);
      server.stop();
    }
    serve((socket) => void socket.write(empty));
    await ask();
    server.sockets[0]?.write(empty);
    await until(() => server.closed === 1, "the connection is dropped");
    await ask();
    expect(server.sockets).toHaveLength(2);
  });

  test("that the server has closed is forgotten", async () => {
    says(empty);
    await ask();
    server.sockets[0]?.end();
    // Our side hears of it a little later.
    const isAnswered = () =>
      ask().then(
        () => server.sockets.length === 2,
        () => false,
      );
    await until(isAnswered, "an answer over another connection");
  });

  test("is dropped when its caller gives up", async () => {
    for (const text of ["", "HTTP/1.1 200 OK\r\n\r\npart"]) {
      says(text);
      const controller = new AbortController();
      const asked = ask({ signal: controller.signal }).then(({ body }) => readText(body, most));
      await until(() => server.requests[0]?.endsWith("}") === true, "the request");
      const reason = new Error("gone");
      controller.abort(reason);
      expect(await asked.catch((error: unknown) => error)).toBe(reason);
      await until(() => server.closed === 1, "the connection is dropped");
      server.stop();
    }
    expect(await ask({ signal: AbortSignal.abort("early") }).catch((e: unknown) => e)).toBe(
      "early",
    );
  });

  test("that cannot be had is a fault", async () => {
    says("");
    const { url } = server;
    server.stop();
    expect(await faultOf(ask({ url: new URL(url) }))).toBe("ECONNREFUSED");
  });
});

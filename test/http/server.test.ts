import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { createApp } from "../../src/app.ts";
import { CapturedLog } from "../captured-log.ts";
import { type Caller, startApp, type TestApp } from "../harness.ts";
import { until } from "../until.ts";

let log: CapturedLog;
let app: TestApp;
let user: Caller;
let port: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  log = new CapturedLog();
  app = await startApp({ SERVER_HOST: "127.0.0.1", SERVER_PORT: "0" });
  port = app.app.listen().port;
  user = await app.signUp();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await app.close();
  expect(log.complaints).toEqual([]);
  log.release();
});

/** A connection that has sent these lines as the head of a request, and what has come back. */
function open(...head: string[]): { socket: Socket; received: { text: string } } {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  const received = { text: "" };
  socket.on("data", (data) => {
    received.text += data.toString("utf8");
  });
  // The server may close while we still send.
  socket.on("error", () => {});
  const host = head.some((line) => line.startsWith("host:")) ? [] : ["host: localhost"];
  socket.write([...head, ...host, "content-type: application/json", "", ""].join("\r\n"));
  return { socket, received };
}

const create = "POST /api/conversations/create HTTP/1.1";
const signedIn = () => `authorization: Bearer ${user.token}`;

const answered = async ({ received }: { received: { text: string } }): Promise<string> => {
  await until(() => received.text.includes("\r\n\r\n"), "an answer");
  return received.text.slice(0, received.text.indexOf("\r\n"));
};

test.each(["HTTP/1.0", "HTTP/1.1\r\nhost:"])("a host may be missing: %j", async (version) => {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  const body = JSON.stringify({ title: "t", model: "demo" });
  const length = `content-length: ${body.length}`;
  const head = [`POST /api/conversations/create ${version}`, signedIn(), length, "", body];
  socket.write(head.join("\r\n"));
  const text = await new Promise<string>((resolve) => socket.once("data", (d) => resolve(`${d}`)));
  expect(text).toStartWith("HTTP/1.1 200 OK");
});

test("a host may be as short as a container's", async () => {
  for (const host of ["a", "api", "a:8080", "localhost"]) {
    for (const [path, status] of [
      ["/healthz", 200],
      ["/api/conversations/list?limit=0", 400],
      ["/v1/models", 200],
      ["/nowhere", 404],
    ] as const) {
      const headers = { authorization: `Bearer ${user.token}` };
      const response = await app.app.handle(new Request(`http://${host}${path}`, { headers }));
      expect([host, path, response.status]).toEqual([host, path, status]);
      await response.text();
    }
  }
  const connection = open("GET /healthz HTTP/1.1", "host: api");
  expect(await answered(connection)).toBe("HTTP/1.1 200 OK");
});

describe("a body over the network", () => {
  test("of a stranger is refused before it has come", async () => {
    const connection = open(create, "content-length: 1000");
    expect(await answered(connection)).toBe("HTTP/1.1 401 Unauthorized");
  });

  test("that is announced too large is refused before it has come", async () => {
    const connection = open(create, signedIn(), "content-length: 2000000");
    expect(await answered(connection)).toBe("HTTP/1.1 413 Payload Too Large");
    expect(connection.received.text).toContain('"code":"body_too_large"');
  });

  test("that turns out too large is refused before it has ended", async () => {
    const connection = open(create, signedIn(), "transfer-encoding: chunked");
    const chunk = "x".repeat(0x10000);
    for (let sent = 0; sent <= 16; sent++) connection.socket.write(`10000\r\n${chunk}\r\n`);
    expect(await answered(connection)).toBe("HTTP/1.1 413 Payload Too Large");
  });

  test("may come in pieces, of known length or not", async () => {
    const body = '{"model":"demo","title":"一二三"}';
    const bytes = [...Buffer.from(body)].map((byte) => Uint8Array.of(byte));
    const known = open(create, signedIn(), `content-length: ${bytes.length}`);
    for (const byte of bytes) known.socket.write(byte);
    expect(await answered(known)).toBe("HTTP/1.1 200 OK");
    expect(known.received.text).toContain('"title":"一二三"');

    const unknown = open(create, signedIn(), "transfer-encoding: chunked");
    for (const byte of bytes)
      unknown.socket.write(Buffer.concat([Buffer.from("1\r\n"), byte, Buffer.from("\r\n")]));
    unknown.socket.write("0\r\n\r\n");
    expect(await answered(unknown)).toBe("HTTP/1.1 200 OK");
    expect(unknown.received.text).toContain('"title":"一二三"');
  });

  test("that breaks off creates nothing, and is nothing to log", async () => {
    const list = async () => (await user.get("/api/conversations/list")).text();
    const before = await list();
    const { socket } = open(create, signedIn(), "content-length: 1000");
    socket.write('{"model":"demo",');
    socket.destroy();
    // Another request over the same loop shows that the server has seen the end of the first.
    const next = open("GET /healthz HTTP/1.1");
    expect(await answered(next)).toBe("HTTP/1.1 200 OK");
    expect(await list()).toBe(before);
  });

  test("is not waited for where none is taken", async () => {
    const id = await user.createConversation();
    const connection = open(
      `POST /api/conversations/del/${id} HTTP/1.1`,
      signedIn(),
      "content-length: 1000",
    );
    expect(await answered(connection)).toBe("HTTP/1.1 200 OK");
  });
});

test("an odd host troubles nobody, and shows nothing of our inside", async () => {
  for (const host of ["a b", "[::1", "x:y:z", "<script>", "localhost:99999"]) {
    for (const path of ["/api/conversations/history/x", "/nowhere", "/healthz", "/v1/models"]) {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      const received = { text: "" };
      socket.on("data", (data) => {
        received.text += data.toString("utf8");
      });
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${signedIn()}\r\n\r\n`);
      const status = Number((await answered({ received })).split(" ")[1]);
      expect([host, path, status < 500]).toEqual([host, path, true]);
      expect(received.text.toLowerCase()).toContain("content-type: application/json");
    }
  }
});

test("a port that is taken is refused as such", async () => {
  const config = { ...app.config, server: { ...app.config.server, port } };
  const second = await createApp(config);
  expect(() => second.listen()).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  await second.close();
});

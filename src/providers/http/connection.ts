import type { Socket, SocketHandler } from "bun";
import { ReplyBody } from "./body.ts";
import { type Framing, framingOf } from "./framing.ts";
import { type Head, readHead } from "./head.ts";
import type { Outgoing, Reply } from "./reply.ts";

/** Why a connection, or what was asked over it, came to nothing; `code` says it in a word or two. */
export class ConnectionFault extends Error {
  constructor(
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

/** Bytes that a head may take. */
const longestHead = 65_536;

const endOfHead = /\r?\n\r?\n/;

/** One request and what has come of its answer. */
interface Exchange {
  readonly signal: AbortSignal;
  readonly reply: PromiseWithResolvers<Reply>;
  /** What of the request the connection has not taken yet. */
  unsent: Uint8Array;
  /** The beginning of the head, as Latin-1. */
  start: string;
  /** Once the head is there. */
  answer: { readonly head: Head; readonly framing: Framing; readonly body: ReplyBody } | undefined;
}

/**
 * A connection that speaks HTTP/1.1, one exchange after the other. It reads where the answer is used:
 * `fetch` reads on a thread of its own, and its two hand-overs cost more than all that we do to a token.
 */
export class Connection {
  static readonly #handlers: SocketHandler<Connection> = {
    open: (socket) => socket.data.#opened(socket),
    handshake: (socket, authorized, error) => socket.data.#shookHands(authorized, error),
    data: (socket, bytes) => socket.data.#received(bytes),
    drain: (socket) => socket.data.#send(),
    close: (socket, error) => socket.data.#closed(error),
    error: (socket, error) => socket.data.#fail(faultOf(error)),
    connectError: (socket, error) => socket.data.#opening.reject(faultOf(error)),
  };

  readonly #opening = Promise.withResolvers<this>();
  #socket: Socket<Connection> | undefined;
  #exchange: Exchange | undefined;
  /** Called when the connection is free for another exchange, and when it is closed. */
  onFree: () => void = () => {};
  onClose: () => void = () => {};

  private constructor(private readonly isSecure: boolean) {}

  /**
   * Connects to the host of an address; over TLS, its certificate is checked before anything is sent.
   *
   * @throws ConnectionFault
   */
  static open(url: URL): Promise<Connection> {
    const isSecure = url.protocol === "https:";
    const connection = new Connection(isSecure);
    const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const socket = Connection.#handlers;
    const options = { hostname, port, data: connection, socket };
    Bun.connect(isSecure ? { ...options, tls: true } : options).catch((error: unknown) =>
      connection.#opening.reject(faultOf(error)),
    );
    return connection.#opening.promise;
  }

  /**
   * Sends a request and resolves with the answer's head as soon as it is there. The connection must be
   * free.
   *
   * @throws ConnectionFault when it breaks before; the signal's reason when that aborts
   */
  exchange({ url, headers, body, signal }: Outgoing): Promise<Reply> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n${lines.join("")}content-length: ${body.length}\r\n\r\n`;
    const reply = Promise.withResolvers<Reply>();
    const unsent = Buffer.concat([Buffer.from(head, "latin1"), body]);
    this.#exchange = { signal, reply, unsent, start: "", answer: undefined };
    signal.addEventListener("abort", this.#abort);
    this.#socket?.ref();
    this.#send();
    return reply.promise;
  }

  close(): void {
    this.#socket?.terminate();
  }

  readonly #abort = (): void => {
    if (this.#exchange !== undefined) this.#fail(this.#exchange.signal.reason);
  };

  #opened(socket: Socket<Connection>): void {
    this.#socket = socket;
    if (!this.isSecure) this.#opening.resolve(this);
  }

  #shookHands(authorized: boolean, error: Error | null): void {
    if (authorized) {
      this.#opening.resolve(this);
      return;
    }
    this.#opening.reject(faultOf(error));
    this.close();
  }

  #send(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.unsent.length === 0) return;
    const written = this.#socket?.write(exchange.unsent) ?? -1;
    if (written < 0) this.#fail(new ConnectionFault("ECONNRESET"));
    else exchange.unsent = exchange.unsent.subarray(written);
  }

  #received(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Nothing was asked for.
      this.close();
      return;
    }
    try {
      const rest = exchange.answer === undefined ? this.#readHead(exchange, bytes) : bytes;
      if (exchange.answer !== undefined) this.#feed(exchange, exchange.answer, rest);
    } catch (cause) {
      this.#fail(
        cause instanceof ConnectionFault ? cause : new ConnectionFault("no HTTP", { cause }),
      );
    }
  }

  /** Takes bytes until the head is whole; answers those behind it. */
  #readHead(exchange: Exchange, bytes: Buffer): Buffer {
    const known = exchange.start.length;
    exchange.start += bytes.toString("latin1");
    const end = endOfHead.exec(exchange.start);
    if (end === null) {
      if (exchange.start.length > longestHead) throw new ConnectionFault("too long a head");
      return bytes.subarray(bytes.length);
    }
    const rest = bytes.subarray(end.index + end[0].length - known);
    const head = readHead(exchange.start.slice(0, end.index));
    if (head === undefined || head.status === 101) throw new ConnectionFault("no HTTP");
    exchange.start = "";
    // Not yet the answer: 103, e.g.
    if (head.status < 200) return this.#readHead(exchange, rest);
    const body = new ReplyBody({
      pause: () => this.#socket?.pause(),
      resume: () => this.#socket?.resume(),
      cancel: () => this.#drop(),
    });
    exchange.answer = { head, framing: framingOf(head), body };
    const { status, statusText, headers } = head;
    exchange.reply.resolve({ status, statusText, header: (name) => headers.get(name), body });
    return rest;
  }

  #feed(
    exchange: Exchange,
    { head, framing, body }: NonNullable<Exchange["answer"]>,
    bytes: Buffer,
  ) {
    const content = bytes.length === 0 ? bytes : framing.take(bytes);
    if (content.length > 0) body.feed(content);
    // Whoever took it may have had enough.
    if (!framing.over || this.#exchange !== exchange) return;
    const isReusable = head.persists && exchange.unsent.length === 0 && !framing.excess;
    this.#forget();
    if (isReusable) {
      this.#socket?.unref();
      this.onFree();
    } else {
      this.close();
    }
    body.end();
  }

  #closed(error: Error | undefined): void {
    this.onClose();
    this.#opening.reject(faultOf(error));
    const answer = this.#exchange?.answer;
    if (answer?.framing.endsWithConnection && error === undefined) {
      this.#forget();
      answer.body.end();
    } else {
      this.#fail(faultOf(error));
    }
  }

  #fail(failure: unknown): void {
    const exchange = this.#exchange;
    this.#drop();
    if (exchange?.answer === undefined) exchange?.reply.reject(failure);
    else exchange.answer.body.end({ failure });
  }

  #drop(): void {
    this.#forget();
    this.close();
  }

  #forget(): void {
    this.#exchange?.signal.removeEventListener("abort", this.#abort);
    this.#exchange = undefined;
  }
}

function faultOf(cause: unknown): ConnectionFault {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "ECONNRESET";
  return new ConnectionFault(code, { cause });
}

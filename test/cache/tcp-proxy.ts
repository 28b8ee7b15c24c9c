import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy before Redis that counts its connections and can go deaf on those that are open. */
export class TcpProxy implements AsyncDisposable {
  connections = 0;
  open = 0;
  private readonly heard = new Set<Socket>();
  private readonly server: Server = createServer((client) => {
    this.connections++;
    this.open++;
    const upstream = connect(this.port, "127.0.0.1");
    this.heard.add(client);
    client.on("data", (bytes) => this.heard.has(client) && upstream.write(bytes));
    upstream.on("data", (bytes) => client.write(bytes));
    for (const socket of [client, upstream]) {
      socket.on("error", () => undefined);
      socket.on("close", () => [client, upstream].map((either) => either.destroy()));
    }
    client.on("close", () => this.open--);
  }).listen(0, "127.0.0.1");

  constructor(private readonly port: number) {}

  get address(): string {
    const { port } = this.server.address() as AddressInfo; // it listens on TCP
    return `127.0.0.1:${port}`;
  }

  /** From now on nothing that comes over the open connections is passed on. */
  goDeaf(): void {
    this.heard.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
  }
}

import { isIPv6 } from "node:net";
import type { ConfigTree } from "./schema.ts";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
}

/** What `redis.address` takes, in words. */
export const redisAddressForm =
  'host:port, a redis:// or rediss:// address, or "" to turn Redis off';

const defaultPort = 6379;

/**
 * Reads `redis.address`: a host with or without a port (`localhost`, `:6379`, `[::1]:6379`, `::1`) or
 * a `redis://` or `rediss://` URL. `redis.password` and a `redis.db` above 0 override what the URL
 * says. Undefined when it is none of these.
 */
export function parseRedisAddress(config: ConfigTree["redis"]): RedisAddress | undefined {
  const { address } = config;
  const url = isIPv6(address) ? `redis://[${address}]` : withScheme(address);
  const parsed = URL.parse(url);
  if (parsed === null || !isComplete(parsed)) return undefined;
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: parsed.port === "" ? defaultPort : Number(parsed.port),
    tls: parsed.protocol === "rediss:",
    username: decode(parsed.username),
    password: config.password === "" ? decode(parsed.password) : config.password,
    db: config.db === 0 ? Number(parsed.pathname.slice(1)) : config.db,
  };
}

function withScheme(address: string): string {
  if (address.includes("://")) return address;
  return `redis://${address.startsWith(":") ? "localhost" : ""}${address}`;
}

const isComplete = (url: URL): boolean =>
  /^rediss?:$/.test(url.protocol) &&
  url.hostname !== "" &&
  url.port !== "0" &&
  /^\/?$|^\/[0-9]{1,4}$/.test(url.pathname) &&
  url.search === "" &&
  url.hash === "";

/** As it was before it was put into the URL; undefined for none, as it stands for a stray `%`. */
function decode(part: string): string | undefined {
  if (part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

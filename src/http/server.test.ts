import { expect, test } from "bun:test";
import { CapturedLog } from "../../test/captured-log.ts";
import { lastResort } from "./errors.ts";
import { startServer } from "./server.ts";

test("what nobody foresaw is answered as any fault of ours, and shows nothing of it", async () => {
  using log = new CapturedLog();
  const server = startServer({
    host: "127.0.0.1",
    port: 0,
    handle: () => {
      throw new Error("the secret of the house");
    },
    lastResort: (cause) => lastResort(cause, "zh-CN"),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  expect(response.status).toBe(500);
  const fault = { error: "服务器内部错误", message: "服务器内部错误", code: "internal" };
  const request_id = response.headers.get("x-request-id");
  expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await response.json()).toEqual({ success: false, ...fault, request_id });
  expect(log.complaints).toEqual(["request failed: the secret of the house"]);
  await server.stop(0);
});

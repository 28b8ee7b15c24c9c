import { expect, test } from "bun:test";
import { WorkerClient } from "../../src/workers/client.ts";
import type { MortalApi } from "./mortal-worker.ts";

const start = (options: { readonly refuse?: string } = {}) =>
  WorkerClient.start<MortalApi>(
    "mortal",
    () => new Worker(new URL("./mortal-worker.ts", import.meta.url).href),
    options,
  );

/** How a call ends, in words. */
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => (error instanceof Error ? error.message : error));

test("a death fails the calls that the Worker had; later ones are answered by the next", async () => {
  const client = await start();
  const calls = [outcome(client.call("never", [])), outcome(client.call("die", []))];
  const died = "the mortal Worker died";
  expect(await Promise.all(calls)).toEqual([died, died]);
  // At once, while there is none.
  expect(await client.call("echo", ["again"])).toBe("again");
  expect(await client.isAlive()).toBe(true);
  await client.close();
});

test("calls that were made together are answered in their order, each for itself", async () => {
  const client = await start();
  const ended: unknown[] = [];
  const calls = [
    client.call("echo", ["first"]),
    client.call("refuse", ["not this one"]),
    client.call("later", ["last"]),
    client.call("echo", ["third"]),
  ];
  await Promise.all(calls.map(async (call) => ended.push(await outcome(call))));
  expect(ended).toEqual(["first", "not this one", "third", "last"]);
  await client.close();
});

test("what stops the Worker from starting is told", async () => {
  expect(await outcome(start({ refuse: "no disk" }))).toBe("no disk");
});

test("a replacement that cannot start is told of, and tried again by the next call", async () => {
  const workers = ["mortal", "refusing", "refusing", "mortal"].values();
  const client = await WorkerClient.start<MortalApi>(
    "mortal",
    () => new Worker(new URL(`./${workers.next().value}-worker.ts`, import.meta.url).href),
    {},
  );
  expect(await outcome(client.call("die", []))).toBe("the mortal Worker died");
  const calls = [outcome(client.call("echo", ["a"])), outcome(client.call("echo", ["b"]))];
  expect(await Promise.all(calls)).toEqual(["no disk", "no disk"]);
  expect(await client.isAlive()).toBe(false);
  expect(await client.call("echo", ["again"])).toBe("again");
  await client.close();
});

test("one on demand that cannot start is tried again, and closes", async () => {
  const workers = ["refusing", "mortal", "refusing"].values();
  const onDemand = () =>
    WorkerClient.onDemand<MortalApi>(
      "mortal",
      () => new Worker(new URL(`./${workers.next().value}-worker.ts`, import.meta.url).href),
      {},
    );
  const client = onDemand();
  expect(await outcome(client.call("echo", ["first"]))).toBe("no disk");
  expect(await client.call("echo", ["second"])).toBe("second");
  await client.close();

  const refusing = onDemand();
  expect(await outcome(refusing.call("echo", ["first"]))).toBe("no disk");
  await refusing.closeAfter("echo", ["nobody hears it"]);
  expect(await refusing.isAlive()).toBe(false);
});

test("close fails what waits, and everything after it", async () => {
  const client = await start();
  const waiting = outcome(client.call("never", []));
  await client.close();
  expect(await waiting).toBe("the mortal Worker closed");
  expect(await outcome(client.call("echo", ["late"]))).toBe("the mortal Worker is closed");
  expect(await client.isAlive()).toBe(false);
});

test("close right after a death starts no other", async () => {
  const client = await start();
  expect(await outcome(client.call("die", []))).toBe("the mortal Worker died");
  const waiting = outcome(client.call("echo", ["late"]));
  await client.close();
  expect(await waiting).toBe("the mortal Worker is closed");
  expect(await client.isAlive()).toBe(false);
});

test("one that is wanted on demand is started by the first call, or by the question whether it is there", async () => {
  let spawned = 0;
  const onDemand = () =>
    WorkerClient.onDemand<MortalApi>(
      "mortal",
      () => {
        spawned += 1;
        return new Worker(new URL("./mortal-worker.ts", import.meta.url).href);
      },
      {},
    );
  await onDemand().close();
  await onDemand().closeAfter("echo", ["nobody hears it"]);
  expect(spawned).toBe(0);

  const called = onDemand();
  expect(await called.call("echo", ["first"])).toBe("first");
  expect(await called.isAlive()).toBe(true);
  expect(spawned).toBe(1);
  await called.closeAfter("echo", ["last"]);
  expect(await called.isAlive()).toBe(false);

  const asked = onDemand();
  expect(await asked.isAlive()).toBe(true);
  await asked.close();
  expect(spawned).toBe(2);
});

import { describe, expect, test } from "bun:test";
import { ReplyBody } from "./body.ts";

function open() {
  const calls: string[] = [];
  const body = new ReplyBody({
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
    cancel: () => void calls.push("cancel"),
  });
  return { body, calls };
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe("each", () => {
  test("hands over what came before and what comes, at once", async () => {
    const { body } = open();
    const taken: string[] = [];
    body.feed(bytes("a"));
    const ended = body.each((piece) => taken.push(Buffer.from(piece).toString()));
    expect(taken).toEqual(["a"]);
    body.feed(bytes("b"));
    expect(taken).toEqual(["a", "b"]);
    body.end();
    await ended;
  });

  test("throws what broke the connection, after what came", async () => {
    const { body } = open();
    const taken: number[] = [];
    const ended = body.each((piece) => taken.push(piece.length));
    body.feed(bytes("abc"));
    body.end({ failure: "broken" });
    body.end();
    expect(await ended.catch((failure: unknown) => failure)).toBe("broken");
    expect(taken).toEqual([3]);
  });
});

describe("read", () => {
  test("answers what came, in order, then the end, again and again", async () => {
    const { body } = open();
    const first = body.read();
    body.feed(bytes("a"));
    body.feed(bytes("b"));
    body.end();
    expect(String(await first)).toBe("a");
    expect(String(await body.read())).toBe("b");
    expect(await body.read()).toBeUndefined();
    expect(await body.read()).toBeUndefined();
  });

  test("throws what broke the connection, after what came", async () => {
    const { body } = open();
    body.feed(bytes("a"));
    body.end({ failure: "broken" });
    expect(String(await body.read())).toBe("a");
    expect(await body.read().catch((failure: unknown) => failure)).toBe("broken");
  });

  test("cuts a large piece, and copies what it hands out of it", async () => {
    const { body } = open();
    const large = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n % 251));
    body.feed(large);
    body.end();
    const first = await body.read();
    const second = await body.read();
    expect([first?.length, second?.length]).toEqual([65_536, 34_464]);
    expect(Buffer.concat([first ?? [], second ?? []].map((part) => Buffer.from(part)))).toEqual(
      large,
    );
    expect(first?.buffer).not.toBe(large.buffer);
    expect(await body.read()).toBeUndefined();
  });

  test("holds the connection while much lies unread", async () => {
    const { body, calls } = open();
    for (let i = 0; i < 3; i++) body.feed(Buffer.alloc(40_000));
    expect(calls).toEqual(["pause"]);
    for (let i = 0; i < 3; i++) await body.read();
    expect(calls).toEqual(["pause"]);
    const awaited = body.read();
    expect(calls).toEqual(["pause", "resume"]);
    body.feed(Buffer.alloc(1));
    await awaited;
    expect(calls).toHaveLength(2);
    body.feed(Buffer.alloc(1));
    expect(calls).toEqual(["pause", "resume", "pause"]);
  });
});

test("discard lets the rest pass, and bears a broken connection", async () => {
  const { body, calls } = open();
  body.feed(Buffer.alloc(100_000));
  const over = body.discard();
  body.feed(Buffer.alloc(100_000));
  expect(calls).toEqual(["pause", "resume"]);
  body.end({ failure: "broken" });
  await over;
});

test("cancel drops the connection once, and is the end", async () => {
  const { body, calls } = open();
  const waiting = body.read();
  body.cancel();
  body.cancel();
  expect(await waiting).toBeUndefined();
  expect(calls).toEqual(["cancel"]);
});

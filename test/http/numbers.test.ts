import { beforeAll, expect, test } from "bun:test";
import { useApp } from "../use-app.ts";
import { ask } from "./conversing.ts";
import { expectFault } from "./expect-fault.ts";
import { read } from "./knowing.ts";

const { app, user } = useApp();

const english = { "accept-language": "en" };

let id: number;

beforeAll(async () => {
  id = await user.createConversation();
  await (await ask(user, id, "hello")).text();
});

interface Route {
  readonly method: string;
  readonly path: string;
  readonly example: Record<string, unknown> | undefined;
}

/** The routes whose path names a conversation. */
async function routes(): Promise<Route[]> {
  const document = await read<{
    paths: Record<
      string,
      Record<string, { requestBody?: { content: Record<string, { example?: Route["example"] }> } }>
    >;
  }>(await app.nobody.get("/swagger/json"));
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    path.includes("{conversation_id}")
      ? Object.entries(operations).map(([method, { requestBody }]) => ({
          method: method.toUpperCase(),
          path,
          example: requestBody?.content["application/json"]?.example,
        }))
      : [],
  );
}

/** A number as nobody should write it: each of these was the same to JavaScript. */
const oddForms = (number: number): string[] => [
  `0x${number.toString(16)}`,
  `0o${number.toString(8)}`,
  `0b${number.toString(2)}`,
  `${number}e0`,
  `${number}.0`,
  `${number}.`,
  `+${number}`,
  `0${number}`,
  ` ${number}`,
  `${number} `,
  `\n${number}`,
  `${number}\u00a0`,
];

const noNumbers = ["1_000", "1,000", "٣", "x", "-", "--1", "NaN", "Infinity", "1e400", "null", " "];

test("a conversation is named by its decimal number alone", async () => {
  const concerned = await routes();
  expect(concerned.length).toBeGreaterThan(8);
  for (const { method, path, example } of concerned) {
    for (const form of [...oddForms(id), ...noNumbers]) {
      const address = path.replace("{conversation_id}", encodeURIComponent(form));
      const response = await user.request(method, address, example, { headers: english });
      const fault = await expectFault(response, 400, "invalid_field");
      expect([path, form, fault.error]).toEqual([
        path,
        form,
        "Invalid field conversation_id: it must be an integer",
      ]);
    }
    for (const beyond of ["0", "-1", "9007199254740993", "9".repeat(400)]) {
      const address = path.replace("{conversation_id}", beyond);
      const response = await user.request(method, address, example);
      await expectFault(response, 400, "invalid_field");
    }
  }
});

test("so are numbers in a query", async () => {
  const history = `/api/conversations/history/${id}`;
  for (const address of [
    "/api/conversations/list?limit=",
    `${history}?limit=`,
    "/api/conversations/search?q=x&limit=",
    "/api/usage?from=",
  ]) {
    expect((await user.get(`${address}16`)).status).toBe(200);
    for (const form of [...oddForms(16), ...noNumbers]) {
      const response = await user.get(address + encodeURIComponent(form), english);
      const fault = await expectFault(response, 400, "invalid_field");
      expect([address, form, fault.error]).toEqual([
        address,
        form,
        expect.stringMatching(/^Invalid field (limit|from): it must be an integer$/),
      ]);
    }
  }
});

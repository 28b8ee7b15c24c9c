import { expect } from "bun:test";

export interface OpenAiFault {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** Checks that an answer is a fault in OpenAI's shape and tells nothing of our inside; answers it. */
export async function expectOpenAiFault(
  response: Response,
  status: number,
  code: string | null,
): Promise<OpenAiFault> {
  const body: { error: OpenAiFault } = await response.json();
  expect({ status: response.status, body }).toEqual({
    status,
    body: {
      error: {
        message: expect.stringMatching(/\S/),
        type: expect.stringMatching(/^[a-z_]+$/),
        param: body.error.param === null ? null : expect.any(String),
        code,
      },
    },
  });
  expect(body.error.message).not.toMatch(
    /\{\w+\}|undefined|\[object|sqlite|SELECT |\.ts\b|\/src\/|node_modules/i,
  );
  expect(response.headers.get("content-type")).toStartWith("application/json");
  expect(response.headers.get("x-request-id")).toMatch(/\S/);
  return body.error;
}

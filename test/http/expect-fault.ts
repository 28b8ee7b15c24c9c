import { expect } from "bun:test";

export interface Fault {
  readonly error: string;
  readonly message: string;
  readonly code: string;
  readonly request_id: string;
}

/**
 * Checks that an answer is a fault with this status and code in the one shape that all have (contract,
 * section 2), and that it tells nothing of our inside; answers its body.
 */
export async function expectFault(
  response: Response,
  status: number,
  code: string,
): Promise<Fault> {
  const text = await response.text();
  const requestId = response.headers.get("x-request-id");
  expect({ status: response.status, body: readable(text) }).toEqual({
    status,
    body: {
      success: false,
      error: expect.stringMatching(/\S/),
      message: expect.any(String),
      code,
      request_id: requestId,
    },
  });
  const fault: Fault = JSON.parse(text);
  expect(fault.message).toBe(fault.error);
  expect(text).not.toMatch(
    /\{\w+\}|undefined|\[object|sqlite|SELECT |\.ts\b|\/src\/|node_modules/i,
  );
  expect(response.headers.get("content-type")).toStartWith("application/json");
  return fault;
}

function readable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

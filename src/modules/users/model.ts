import { Type } from "@sinclair/typebox";

export const credentials = Type.Object({
  username: Type.String({ examples: ["john_doe"] }),
  password: Type.String({ examples: ["SecureP@ssw0rd!"] }),
});

export const newUser = Type.Object({
  username: Type.String({ minLength: 1, maxLength: 64, examples: ["john_doe"] }),
  password: Type.String({ minLength: 8, maxLength: 1024, examples: ["SecureP@ssw0rd!"] }),
});

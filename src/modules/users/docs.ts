import { Type } from "@sinclair/typebox";
import { json, jsonBodyErrors, operation } from "../../http/docs/operation.ts";

const message = Type.Object({ message: Type.String() });

export const registerDocs = operation({
  id: "register",
  tag: "Users",
  public: true,
  summary: "注册用户 · Register a user",
  description: `Creates an account. Usernames are unique; a password has 8 characters or more and at most 1,024
bytes. The server's owner can close registration.

用户名不可重复；密码至少 8 个字符，最多 1024 字节。`,
  success: { 201: json("Registered", message, { message: "用户注册成功" }) },
  errors: [...jsonBodyErrors, "username_taken", "registration_closed"],
});

export const loginDocs = operation({
  id: "login",
  tag: "Users",
  public: true,
  summary: "用户登录 · Log in",
  description: `Answers a token (JWT, HS256) for the \`Authorization\` header. It is valid for 24 hours unless the
server is set otherwise. A wrong name and a wrong password are answered alike.

返回 JWT 令牌，默认有效期 24 小时。`,
  success: {
    200: json("Logged in", Type.Object({ token: Type.String() }), {
      token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    }),
  },
  errors: [...jsonBodyErrors, "wrong_credentials"],
});

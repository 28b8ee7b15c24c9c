import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/docs/operation.ts";

export const livenessDocs = operation({
  id: "checkLiveness",
  tag: "Health",
  public: true,
  summary: "存活检查 · Is the process up",
  description: "Answers as long as the process serves requests. 进程存活即返回 200。",
  success: {
    200: json("Up", Type.Object({ status: Type.Literal("ok") }), { status: "ok" }),
  },
  errors: [],
});

const report = Type.Object({
  status: Type.Union([Type.Literal("ready"), Type.Literal("not ready")]),
  checks: Type.Record(Type.String(), Type.Boolean(), {
    description: "What the server cannot do without: the database and its other threads.",
  }),
  cache: Type.Union([Type.Literal("redis"), Type.Literal("memory")], {
    description: "The cache in use; the server is ready with either.",
  }),
});

export const readinessDocs = operation({
  id: "checkReadiness",
  tag: "Health",
  public: true,
  summary: "就绪检查 · Can it do its work",
  description: `Tells whether the database can be written and every thread is alive. Redis is reported, not required.

检查数据库是否可写、各工作线程是否存活；Redis 仅报告，不作要求。`,
  success: {
    200: json("Ready", report, { status: "ready", checks: { database: true }, cache: "redis" }),
    503: json("Not ready", report, {
      status: "not ready",
      checks: { database: false },
      cache: "memory",
    }),
  },
  errors: [],
});

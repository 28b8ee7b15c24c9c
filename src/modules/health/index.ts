import { Elysia } from "elysia";
import { livenessDocs, readinessDocs } from "./docs.ts";
import type { HealthService } from "./service.ts";

export const healthRoutes = (health: HealthService) =>
  new Elysia()
    .get("/healthz", () => ({ status: "ok" }), { detail: livenessDocs })
    .get(
      "/readyz",
      async ({ status }) => {
        const report = await health.report();
        return status(report.ready ? 200 : 503, {
          status: report.ready ? "ready" : "not ready",
          checks: report.checks,
          cache: report.cache,
        });
      },
      { detail: readinessDocs },
    );

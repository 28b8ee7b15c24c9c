# Builds the single binary and puts it alone on Debian:
#   docker build -t llm-backend .
#   docker run --stop-timeout 15 -p 8080:8080 -v llm-backend:/data llm-backend
# Running answers get server.shutdown_timeout, 10 seconds, to finish: Docker has to wait for longer.

FROM debian:bookworm-slim AS build

# As in .ci/run. Bun comes through npm, which checks what it downloads.
ARG BUN_VERSION=1.4.5
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates npm \
  && rm -rf /var/lib/apt/lists/* \
  && npm install --global "bun@${BUN_VERSION}"

WORKDIR /build
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production
COPY tsconfig.json ./
COPY .ci .ci
COPY drizzle drizzle
COPY src src
RUN bun .ci/build.ts \
  && bun .ci/notices.ts


FROM debian:bookworm-slim

RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --gid 10001 llm-backend \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin llm-backend \
  && install --directory --owner 10001 --group 10001 --mode 0700 /data

COPY --from=build /build/dist/llm-backend /usr/local/bin/llm-backend
COPY --from=build /build/dist/THIRD-PARTY-NOTICES.txt /usr/share/doc/llm-backend/
# Mount your own over it, or set single keys from the environment: LLM_BACKEND_LLM_PROVIDERS, …
COPY config.yaml LICENSE /etc/llm-backend/

# The database and, beside it, the secrets that are made at the first start.
ENV LLM_BACKEND_SERVER_HOST=0.0.0.0 \
    LLM_BACKEND_SQLITE_PATH=/data/llm_backend.db
VOLUME ["/data"]

# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
# Where config.yaml is found by the server and by its health check.
WORKDIR /etc/llm-backend
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["llm-backend", "healthcheck"]
ENTRYPOINT ["llm-backend"]
CMD ["serve"]

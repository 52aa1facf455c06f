# Two images from one file:
#   docker build --target embedded -t sluice .          with ClickHouse inside (the default target)
#   docker build --target gateway -t sluice:gateway .   for a ClickHouse server of your own: clickhouse.url in the configuration
# Both run as a user without rights, on a read-only root file system, and write only below /data (and /dev/shm when it is there):
#   docker run --read-only --tmpfs /tmp -v sluice:/data -p 8080:8080 sluice

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src src
RUN npm run -s build

FROM node:24-bookworm-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional

FROM modules AS modules-embedded
RUN npm ci --omit=dev

FROM node:24-bookworm-slim AS base
ENV NODE_ENV=production SLUICE_LISTEN=0.0.0.0:8080 SLUICE_DATA=/data
WORKDIR /app
RUN install -d -o node -g node /data
COPY --from=build /app/dist/src dist/src
COPY package.json openapi.yaml ./
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "dist/src/sluice.cjs"]
CMD ["serve"]

FROM base AS gateway
COPY --from=modules /app/node_modules node_modules

FROM base AS embedded
COPY --from=modules-embedded /app/node_modules node_modules

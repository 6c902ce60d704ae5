# Parley in a container: docker build -t parley . && docker run --rm -p 127.0.0.1:8470:8470 -v parley:/data parley
#
# Every RUN stays below its WORKDIR, and the last stage has none: so the steps can also be run without a container, which
# conformance/container.test.ts does.

# The packages, as they are published. Types are not checked here, since tests lie among the sources and what they need is not
# installed.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund \
  --workspace=packages/proto --workspace=packages/transcoding --workspace=packages/nlu --workspace=packages/server \
  --workspace=packages/client --workspace=packages/cli
RUN npm run -s generate && npx tsc -b --noCheck packages/cli && node packages/client/build.ts && node packages/finish-build.ts
RUN mkdir data && node packages/pack.ts packed proto transcoding nlu server client cli

# What they need to run: versions are those of the lockfile, and of the packages only what is packed.
FROM node:24.21.0-bookworm-slim AS app
WORKDIR /app
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund --omit=dev --omit=optional --workspace=packages/cli
COPY --from=build /build/packed packed
RUN rm -r packages/* \
  && for archive in packed/*.tgz; do \
       name=${archive#packed/parleykit-}; folder=packages/${name%-*.tgz}; \
       mkdir "$folder" && tar -xzf "$archive" -C "$folder" --strip-components=1 || exit 1; \
     done \
  && rm -r packages/client/dist/types packed package-lock.json tsconfig*.json conformance examples

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Parley" \
      org.opencontainers.image.description="Dialogflow's v2beta1 Conversations API on your own machine" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=app /app /app
COPY --from=build --chown=node:node /build/data /data

# The container's port is reached only by whom it is published to: publish it on loopback, or on a network of your own.
# Callers by HTTP that use a name for it, such as a service's in a compose file, need PARLEY_ALLOWED_HOST=that name.
ENV NODE_ENV=production \
    PARLEY_HOST=0.0.0.0 \
    PARLEY_PORT=8470 \
    PARLEY_INSECURE=true \
    PARLEY_DATA=/data \
    SQLITE_TMPDIR=/data

WORKDIR /app
USER node
VOLUME /data
EXPOSE 8470
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PARLEY_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "packages/cli/dist/main.js"]
CMD ["serve"]

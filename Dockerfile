# The server as an image: Debian and its own Node, nothing that compiles, no root. See docker-compose.yml for how to run it.
# Behind a proxy that opens TLS: --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt
ARG BASE=debian:trixie-slim

FROM ${BASE} AS tools
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./

# An empty secret (compose's default) is no certificate: then npm's own list counts.
FROM tools AS packages
RUN --mount=type=secret,id=ca,target=/run/ca.crt --mount=type=cache,target=/root/.npm \
    if [ -s /run/ca.crt ]; then export NODE_EXTRA_CA_CERTS=/run/ca.crt; fi; \
    npm ci --ignore-scripts --no-audit --no-fund

FROM packages AS modules
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
COPY scripts/sbom.mjs scripts/
COPY scripts/sbom scripts/sbom
COPY scripts/setup/project.mjs scripts/setup/
RUN node scripts/sbom.mjs > sbom.cdx.json

FROM packages AS build
COPY tsconfig.json ./
COPY scripts/bundle.mjs scripts/
COPY scripts/setup/bundling.mjs scripts/setup/project.mjs scripts/setup/
COPY routes routes
COPY src src
COPY web web
# The programs only: nobody imports the client from here.
RUN node scripts/bundle.mjs && npx vite build web --logLevel warn

FROM ${BASE}
LABEL org.opencontainers.image.title="Terrarium" \
      org.opencontainers.image.description="A lab-control server for container networks" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /usr/share/man/* \
 # What is shipped keeps its licence beside it.
 && find /usr/share/doc -type f ! -name copyright -delete \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/terrarium --create-home --shell /usr/sbin/nologin terrarium
WORKDIR /app
COPY package.json ./
COPY scripts/healthcheck.mjs scripts/
COPY --from=modules /app/node_modules node_modules
COPY --from=modules /app/sbom.cdx.json ./
COPY --from=build /app/dist dist
COPY web/docs web/docs
COPY labs labs
ENV NODE_ENV=production TERRARIUM_STATE_DIR=/var/lib/terrarium
USER 10001:10001
EXPOSE 4242
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["node", "scripts/healthcheck.mjs"]
ENTRYPOINT ["node", "--max-semi-space-size=2", "--v8-pool-size=1", "--enable-source-maps", "dist/src/main.js"]

# This package as a SageMaker container that trains and serves; also runs on any Docker host. See docs/sagemaker.md.
#   docker build -t impressionist .
# SageMaker ignores CMD and appends `train` or `serve` to the entry point, so that it must be of the exec form. Node is
# process 1 and gets SIGTERM itself.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`, which refuses a lock file without the optional packages of other platforms; versions are the locked ones.
RUN npm install --no-save
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
# ONNX Runtime brings its libraries for every system; those of others are three quarters of it.
RUN npm run build && npm prune --no-save --omit=dev \
  && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

FROM node:20-bookworm-slim
# Weights rounded at the start are kept in the cache, since the model's folder may not be written.
ENV NODE_ENV=production XDG_CACHE_HOME=/var/cache/impressionist IMPRESSIONIST_SERVE_AS=node
# Several containers of one endpoint: SageMaker then says which port is whose.
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN mkdir /var/cache/impressionist && chown node:node /var/cache/impressionist
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=300s \
  CMD ["node", "/app/dist/sagemaker/container/main.js", "healthy"]
# No USER: SageMaker's folders belong to root and training writes into them. The server becomes IMPRESSIONIST_SERVE_AS
# before it reads the model.
ENTRYPOINT ["node", "/app/dist/sagemaker/container/main.js"]

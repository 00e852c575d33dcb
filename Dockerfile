# This package as a SageMaker training container; also runs on any Docker host. See docs/sagemaker.md.
# SageMaker ignores CMD and appends `train` to the entry point, so that it must be of the exec form. Node is process 1
# and gets SIGTERM itself.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# SageMaker's folders belong to root, and it runs images as their own user: root is needed there. Elsewhere choose
# another with `docker run --user`.
ENTRYPOINT ["node", "/app/dist/sagemaker/container/main.js"]

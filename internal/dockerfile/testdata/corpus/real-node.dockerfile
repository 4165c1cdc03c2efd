# syntax=docker/dockerfile:1
ARG NODE_IMAGE=node:22@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
ARG NODE_SLIM=node:22-slim@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a

FROM ${NODE_IMAGE} AS deps
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci

FROM deps AS build
COPY . .
RUN npm run build

FROM ${NODE_IMAGE} AS test
COPY --from=deps /app/node_modules ./node_modules
CMD ["npm", "test"]

FROM ${NODE_SLIM}
ENV NODE_ENV=production
USER node
WORKDIR /app
COPY --chown=node:node --from=build /app/dist ./dist
COPY --chown=node:node --from=deps /app/node_modules ./node_modules
EXPOSE 3000
CMD ["node", "dist/server.js"]

# syntax=docker/dockerfile:1@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a

ARG GO_VERSION=1.23
ARG ALPINE_VERSION=3.20

FROM --platform=$BUILDPLATFORM tonistiigi/xx:1.5.0@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS xx

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS base
COPY --from=xx / /
RUN apk add --no-cache git file
WORKDIR /src
ENV CGO_ENABLED=0

FROM base AS vendored
RUN --mount=target=/context \
    --mount=target=.,type=tmpfs \
    --mount=target=/go/pkg/mod,type=cache <<EOT
  set -e
  rsync -a /context/. .
  # FROM golang:1.22 would not do
  go mod tidy
EOT

FROM base AS build
ARG TARGETPLATFORM
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/root/.cache \
    --mount=type=cache,target=/go/pkg/mod \
    xx-go build -trimpath -o /out/app ./cmd/app && xx-verify /out/app

FROM scratch AS binary
COPY --from=build /out /

FROM alpine:${ALPINE_VERSION}@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS image
RUN --mount=from=vendored,target=/v true
COPY --link --from=build /out/app /usr/bin/app
COPY --link --from=busybox:1.36@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a /bin/busybox /bin/busybox
ENTRYPOINT ["/usr/bin/app"]

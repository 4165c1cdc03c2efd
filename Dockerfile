# The image of the action, and of everyone who wants basekeeper in a container.
# It is written for every builder, the classic one too: no heredocs, no mounts,
# no variables that only BuildKit sets.
#
# The bases are arguments, so that it can be built where no public registry is
# reached. They are pinned as they were in September 2026 (Go 1.26.8, Debian of
# 2026-08-24), by the digests of the indexes that other projects recorded then;
# the project's own workflow, .github/workflows/basekeeper.yml, moves them on.
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d
ARG TOOLS_IMAGE=docker.io/library/debian:12-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

FROM ${GO_IMAGE} AS build
ARG GOPROXY=https://proxy.golang.org,direct
ARG VERSION=
WORKDIR /src
COPY go.mod go.sum ./
COPY cmd cmd
COPY internal internal
# Nothing of where and when it is built gets into the program.
RUN CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOPROXY="${GOPROXY}" \
    go build -trimpath -buildvcs=false \
      -ldflags "-s -w -buildid= -X github.com/basekeeper/basekeeper/internal/cli.release=${VERSION}" \
      -o /basekeeper ./cmd/basekeeper

# A base that has the two already need not reach Debian's archive.
FROM ${TOOLS_IMAGE} AS files
ARG SOURCE_DATE_EPOCH=0
RUN if ! [ -x /bin/busybox ] || ! [ -e /etc/ssl/certs/ca-certificates.crt ]; then \
      apt-get update -q && \
      DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends busybox-static ca-certificates; \
    fi
COPY --from=build /basekeeper /image/basekeeper
# The programs are those that GitLab's runner and short scripts call.
RUN mkdir -p /image/bin /image/etc/ssl/certs && mkdir -m 1777 /image/tmp && \
    cp /bin/busybox /image/bin/busybox && \
    for program in sh cat chmod cp date echo env false grep head ls mkdir mktemp mv printf pwd rm sed sleep sort tail tee test touch tr true uname wc; do \
      ln -s busybox "/image/bin/$program"; \
    done && \
    ln -s ../basekeeper /image/bin/basekeeper && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ && \
    chmod 755 /image/basekeeper /image/bin/busybox && chmod 644 /image/etc/ssl/certs/ca-certificates.crt && \
    find /image -exec chown -h 0:0 {} + && \
    find /image -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

# GitLab's runner needs a shell. Root, since GitHub demands it of actions, and
# what they write must be usable by the steps that follow.
FROM scratch
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="basekeeper" \
      org.opencontainers.image.description="Keeps the base images that Dockerfiles pin up to date" \
      org.opencontainers.image.source="https://github.com/basekeeper/basekeeper" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=files /image/ /
ENV PATH=/bin
ENTRYPOINT ["/basekeeper"]

ARG REGISTRY=registry.example.com:5443
ARG RHEL_VERSION=7.5
ARG RHEL_DIGEST=sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
ARG RHEL=${REGISTRY}/base/rhel:${RHEL_VERSION}@${RHEL_DIGEST}

FROM ${RHEL} AS middleware
LABEL org.opencontainers.image.base.name="base/rhel"
RUN yum -y install java-1.8.0-openjdk \
 && yum clean all

FROM registry.access.redhat.com/ubi9/ubi:9.4@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS tools
RUN dnf -y install skopeo

FROM middleware
COPY --from=tools /usr/bin/skopeo /usr/bin/skopeo
ONBUILD COPY --from=busybox:1.36@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a /bin/busybox /opt/busybox
ONBUILD COPY app.war /opt/app.war
USER 1001

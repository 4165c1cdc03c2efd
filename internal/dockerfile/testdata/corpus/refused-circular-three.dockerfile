FROM debian:12@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS a
COPY --from=b /x /x
FROM debian:12@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS b
COPY --from=c /x /x
FROM debian:12@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS c
RUN --mount=from=a,target=/t true

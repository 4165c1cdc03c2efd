FROM debian:12@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
COPY --from=alpine:3.20@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a /a /a
COPY --from=1 /b /b
COPY --from=2 /c /c

FROM ghcr.io/astral-sh/uv:0.4.20@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS uv
FROM python:3.12-slim@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS builder

ENV UV_LINK_MODE=copy \
    # compile once, start fast
    UV_COMPILE_BYTECODE=1

RUN --mount=from=uv,source=/uv,target=/bin/uv \
    --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    uv sync --frozen --no-dev

FROM python:3.12-slim@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
COPY --from=builder --chown=app:app /app /app
COPY --from=ghcr.io/astral-sh/uv:0.4.20@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a /uvx /bin/
CMD ["python", "-m", "app"]

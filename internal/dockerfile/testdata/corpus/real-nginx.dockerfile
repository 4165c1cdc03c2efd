FROM node:22@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS assets
WORKDIR /web
COPY . .
RUN npm ci && npm run build

FROM nginx:1.27@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
COPY <<'EOF' /etc/nginx/conf.d/default.conf
server {
  listen 80;
  # FROM nginx:1.26@sha256:0000 -- not an instruction
  location / { try_files $uri /index.html; }
}
EOF
COPY --from=assets /web/dist /usr/share/nginx/html

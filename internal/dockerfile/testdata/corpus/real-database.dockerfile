FROM mysql:8@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
ENV MYSQL_DATABASE=app
COPY --chmod=0644 <<-"SQL" /docker-entrypoint-initdb.d/init.sql
	-- FROM debian:12@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
	SELECT * FROM users;
	SQL
COPY --from=redis:7@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a /usr/local/bin/redis-cli /usr/local/bin/

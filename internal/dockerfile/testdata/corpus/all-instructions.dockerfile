FROM debian:12@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
MAINTAINER someone
LABEL a=b "c d"=e
ENV A=1 B=2
ENV OLD style
ARG X Y=2
WORKDIR /srv
USER 1000:1000
EXPOSE 80/tcp 443
VOLUME ["/data"]
SHELL ["/bin/bash", "-c"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s CMD curl -f http://localhost/ || exit 1
ADD --checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 https://example.com/f.tar /f.tar
COPY --exclude=*.md . .
ENTRYPOINT ["/entry"]
CMD ["serve"]

ARG A=${B
FROM debian:12

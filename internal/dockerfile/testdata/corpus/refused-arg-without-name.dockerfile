ARG =x
FROM debian:12

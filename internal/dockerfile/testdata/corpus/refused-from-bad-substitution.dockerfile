FROM debian:${}

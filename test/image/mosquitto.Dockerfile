# Stands in for eclipse-mosquitto:2 where there is no registry: the same paths and user, Debian's mosquitto.
ARG BASE=debian:trixie-slim
FROM $BASE
RUN command -v mosquitto || { apt-get update && apt-get install -y --no-install-recommends mosquitto mosquitto-clients; } && \
    groupadd -g 1883 broker && useradd -u 1883 -g 1883 broker && install -d -o 1883 -g 1883 /mosquitto/data
CMD ["/usr/sbin/mosquitto", "-c", "/mosquitto/config/mosquitto.conf"]

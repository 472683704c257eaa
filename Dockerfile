# docker build -t thickshell . && docker run --network host -v thickshell:/data thickshell
# thickshell listens on loopback only, so the container shares the network of the machine.
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends make libgomp1 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 thickshell && mkdir /app /data && chown thickshell /app /data
USER thickshell
WORKDIR /app
COPY --chown=thickshell . .
RUN make install
ENV THICKSHELL_HOME=/data
VOLUME /data
EXPOSE 7860
CMD [".venv/bin/thickshell", "serve"]

# docker build -t thickshell . && docker run -p 127.0.0.1:7860:7860 -v thickshell:/data thickshell
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
# Inside a container the port must listen on the container's own address; publish it on loopback only, as above.
CMD [".venv/bin/thickshell", "serve", "--host", "0.0.0.0"]

# One image for every process. Alone it is a whole installation on embedded servers (`docker run -v tocsin:/data`);
# docker-compose.yml starts it once per job beside servers of their own.

FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY . .
# Collecting needs settings, but neither a database nor a real key.
RUN SECRET_KEY=only-for-this-step DATABASE_URL=postgresql://nobody@localhost/none TOCSIN_DATA_DIR=/nowhere \
    python manage.py collectstatic --no-input && python -m compileall -q -j 0 .

FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tocsin \
    && install -d -o tocsin -g tocsin -m 0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    TOCSIN_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 CMD ["python", "-m", "config.up.health", "web"]
CMD ["python", "manage.py", "up"]

# One image for every process of the portal; docker-compose.yml says which runs what.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /portal
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock ./
# Without the groups that bring the demo's services and the tests' tools.
RUN uv sync --frozen --no-default-groups --no-install-project

FROM python:3.13-slim
RUN groupadd --system --gid 10001 portal \
    && useradd --system --uid 10001 --gid portal --home-dir /data --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /data /data/media /data/static \
    && install -d -o portal -g portal -m 750 /data/private
WORKDIR /portal
COPY --from=build /portal/.venv .venv
COPY . .
RUN python -m compileall -q accounts appointments config doctors patients payments prescriptions scheduling specialties telehealth \
    && .venv/bin/pybabel --quiet compile -d locale -D django
ENV PATH=/portal/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data DRAIN_FILE=/tmp/draining
USER portal
EXPOSE 8000 8001
CMD ["gunicorn", "--config", "config/gunicorn.py"]

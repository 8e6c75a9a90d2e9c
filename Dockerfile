# One image for every role: web (the default command), worker, scheduler, migrate. See docs/deploy.md.
ARG PYTHON_VERSION=3.11
ARG NODE_VERSION=24

# --- style sheet and scripts
FROM node:${NODE_VERSION}-bookworm-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
# The style sheet keeps only the classes that pages and code mention, so the build reads both.
COPY . .
RUN npm run build

# --- packages, message catalogues, collected static files
FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r /tmp/requirements.txt
WORKDIR /app
COPY . .
COPY --from=assets /src/static/dist static/dist
RUN SECRET_KEY=only-for-this-step python manage.py compile_catalogues \
    && SECRET_KEY=only-for-this-step python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q config accounts kyc wallets notifications otp payments payouts cards checkout reports sandbox

# --- what runs
FROM python:${PYTHON_VERSION}-slim-bookworm AS runtime
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent gerbang \
    && install -d -m 0700 -o 10001 -g 10001 /srv/private
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
# The Host header must be one the site answers to, so the site's own address is asked for.
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["python", "-c", "\
import os, urllib.parse as p, urllib.request as u; \
host = p.urlsplit(os.environ.get('BASE_URL', 'http://localhost')).netloc; \
u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=5)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--workers-kill-timeout", "20", "--no-access-log", "--no-ws", "config.wsgi:application"]

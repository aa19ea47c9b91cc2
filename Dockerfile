# Each RUN is a script that .ci/run runs too, since this image is not built where the project is made.
FROM python:3.11-slim-bookworm
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SHELFWISE_VAR=/data

COPY scripts/debian-packages scripts/debian-packages
RUN scripts/debian-packages run

COPY scripts/environment scripts/environment
COPY requirements.txt requirements.txt
RUN scripts/environment requirements.txt

COPY . .
RUN scripts/static-files
RUN scripts/data-folder

# Nobody: the program can read itself and write only its data.
USER 65534:65534
EXPOSE 8000
CMD ["gunicorn", "inventory_site.wsgi:application", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", "--limit-request-line=8190", "--access-logfile=-"]

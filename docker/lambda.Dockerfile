# The AWS Lambda function, see docs/serving.md. Build it in the root of the project with the model in artifacts/model:
# docker build --file docker/lambda.Dockerfile --tag fraudstream-lambda:0.1.0 .
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /opt/fraudstream
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never

COPY requirements/bootstrap.lock requirements/lambda.lock requirements/
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --require-hashes -r requirements/bootstrap.lock \
    && .venv/bin/uv pip install --compile-bytecode --python .venv/bin/python --require-hashes -r requirements/lambda.lock

COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY models models
COPY jobs jobs
COPY producers producers
COPY fraudstream fraudstream
RUN .venv/bin/python -m pip install --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q schemas models jobs producers fraudstream

FROM python:3.11.14-slim-bookworm
COPY --from=build /opt/fraudstream /opt/fraudstream
COPY artifacts/model /opt/model
# A function may write to /tmp alone.
ENV PATH=/opt/fraudstream/.venv/bin:$PATH \
    NUMBA_CACHE_DIR=/tmp/numba \
    ORT_DISABLE_TELEMETRY=1 \
    FRAUDSTREAM_MODEL__ARTIFACT=/opt/model
USER 9999:9999
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["fraudstream.serving.lambda_handler.handler"]

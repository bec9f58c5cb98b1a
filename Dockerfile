# Two images: the data steps, and, with --target train, the training stack too (mmcv is compiled: minutes).
#   docker build -t coco-recipe .
#   docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/project" coco-recipe run recipe.yaml
FROM python:3.11-slim AS wheel
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps -w /wheels .

FROM python:3.11-slim AS train
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
# before the project's own code, whose changes then compile nothing again
COPY plugins/coco_recipe_doctor/training_stack.txt /stack.txt
RUN sed '/^onedl-mmcv/,$d' /stack.txt | python -m pip install --no-cache-dir -r /dev/stdin \
    && sed -n '/^onedl-mmcv/p' /stack.txt \
        | python -m pip install --no-cache-dir --no-build-isolation -r /dev/stdin
COPY --from=wheel /wheels /wheels
RUN python -m pip install --no-cache-dir "$(echo /wheels/*.whl)[augment,train]"
# any user may write there: without a home, numba can't be imported, and mmdet with it
ENV HOME=/tmp
WORKDIR /project
ENTRYPOINT ["coco-recipe"]

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
COPY --from=wheel /wheels /wheels
RUN python -m pip install --no-cache-dir "$(echo /wheels/*.whl)[augment]"
ENV HOME=/tmp
WORKDIR /project
ENTRYPOINT ["coco-recipe"]

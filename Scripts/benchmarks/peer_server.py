"""A server of embeddings over open_clip and FastAPI, as it is commonly written: the other side of server_benchmark.py.

    python peer_server.py --model DIRECTORY --port 8000 [--batch] [--vectors ROWS.npy]

One worker. Without --batch each request goes through the model alone, in FastAPI's threads; with it, what arrives within
3 ms shares a batch of at most 32. --vectors is searched by a matrix product for POST /v1/search.
"""
import argparse
import asyncio
import base64
import contextlib
import io
import json
import os
import sys

import torch

# Beside the parity scripts: what lets a CPU build of torch import PyPI's torchvision.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
import torchvision_stub  # noqa: E402, F401
import numpy as np  # noqa: E402
import open_clip  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.concurrency import run_in_threadpool  # noqa: E402
from PIL import Image  # noqa: E402
from pydantic import BaseModel  # noqa: E402


class Asked(BaseModel):
    model: str = ""
    input: list[str]
    modality: str = "text"
    encoding_format: str = "float"


class Searched(BaseModel):
    text: str
    top: int = 10


class Towers:
    """The model, and what it takes."""

    def __init__(self, folder):
        with open(os.path.join(folder, "open_clip_config.json")) as file:
            description = json.load(file)
        mean, deviation = (tuple(description["preprocess_cfg"][name]) for name in ("mean", "std"))
        self.model, _, self.preprocess = open_clip.create_model_and_transforms(
            "local-dir:" + folder, image_mean=mean, image_std=deviation)
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer("ViT-B-32")

    def tokens(self, text):
        return self.tokenizer([text])[0]

    def picture(self, address):
        data = base64.b64decode(address.split(",", 1)[1])
        return self.preprocess(Image.open(io.BytesIO(data)).convert("RGB"))

    @torch.inference_mode()
    def texts(self, rows):
        return self.model.encode_text(torch.stack(rows), normalize=True).numpy()

    @torch.inference_mode()
    def pictures(self, rows):
        return self.model.encode_image(torch.stack(rows), normalize=True).numpy()


class Batcher:
    """Puts what arrives within `wait` seconds through the model together."""

    def __init__(self, encode, most=32, wait=0.003):
        self.encode, self.most, self.wait, self.queue = encode, most, wait, asyncio.Queue()

    async def ask(self, row):
        future = asyncio.get_running_loop().create_future()
        await self.queue.put((row, future))
        return await future

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.queue.get()]
            until = loop.time() + self.wait
            while len(batch) < self.most:
                with contextlib.suppress(asyncio.QueueEmpty):
                    batch.append(self.queue.get_nowait())
                    continue
                if loop.time() >= until:
                    break
                await asyncio.sleep(0.0005)
            try:
                rows = await loop.run_in_executor(None, self.encode, [row for row, _ in batch])
                for (_, future), vector in zip(batch, rows):
                    future.set_result(vector)
            except Exception as error:
                for _, future in batch:
                    future.set_exception(error)


def answer(name, vectors, form):
    values = [vector.tolist() if form == "float" else base64.b64encode(vector.tobytes()).decode() for vector in vectors]
    return {"object": "list", "model": name, "usage": {"prompt_tokens": 0, "total_tokens": 0},
            "data": [{"object": "embedding", "index": index, "embedding": value} for index, value in enumerate(values)]}


def nearest(rows, vector, top):
    similarities, places = torch.topk(rows @ torch.from_numpy(vector), min(top, len(rows)))
    return {"results": [{"id": place, "similarity": similarity}
                        for place, similarity in zip(places.tolist(), similarities.tolist())]}


def application(options):
    towers, name = Towers(options.model), os.path.basename(options.model)
    rows = torch.from_numpy(np.load(options.vectors)) if options.vectors else torch.zeros(0, 1)
    texts, pictures = Batcher(towers.texts), Batcher(towers.pictures)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        tasks = [asyncio.create_task(batcher.run()) for batcher in (texts, pictures)]
        yield
        for task in tasks:
            task.cancel()

    app = FastAPI(lifespan=lifespan)

    def alone(request: Asked):
        if request.modality == "image":
            vectors = towers.pictures([towers.picture(item) for item in request.input])
        else:
            vectors = towers.texts([towers.tokens(item) for item in request.input])
        return answer(name, vectors, request.encoding_format)

    def search_alone(request: Searched):
        return nearest(rows, towers.texts([towers.tokens(request.text)])[0], request.top)

    async def together(request: Asked):
        batcher, prepare = (pictures, towers.picture) if request.modality == "image" else (texts, towers.tokens)
        prepared = await asyncio.gather(*(run_in_threadpool(prepare, item) for item in request.input))
        vectors = await asyncio.gather(*map(batcher.ask, prepared))
        return answer(name, vectors, request.encoding_format)

    async def search_together(request: Searched):
        vector = await texts.ask(await run_in_threadpool(towers.tokens, request.text))
        return await run_in_threadpool(nearest, rows, vector, request.top)

    app.post("/embeddings")(together if options.batch else alone)
    app.post("/v1/search")(search_together if options.batch else search_alone)
    app.get("/models")(lambda: {"object": "list", "data": [{"id": name, "object": "model"}]})
    app.get("/health")(lambda: {"status": "ok"})
    return app


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--vectors")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    uvicorn.run(application(options), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()

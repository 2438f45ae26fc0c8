"""A FastAPI app as most tutorials show it: pydantic, a timing middleware, one call per request.

In its own venv. Arguments: port, joblib.
"""

import sys
import time
from collections.abc import Awaitable, Callable

import joblib
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

app = FastAPI()
pipeline = joblib.load(sys.argv[2])


class Flower(BaseModel):
    """One flower."""

    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float


class Prediction(BaseModel):
    """Its class."""

    prediction: int
    probabilities: list[float]


@app.middleware("http")
async def timed(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    start = time.time()
    response = await call_next(request)
    response.headers["X-Process-Time"] = str(time.time() - start)
    return response


@app.post("/predict")
def predict(flower: Flower) -> Prediction:
    rows = np.array([[flower.sepal_length, flower.sepal_width, flower.petal_length, flower.petal_width]])
    return Prediction(
        prediction=int(pipeline.predict(rows)[0]), probabilities=pipeline.predict_proba(rows)[0].tolist()
    )


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error")

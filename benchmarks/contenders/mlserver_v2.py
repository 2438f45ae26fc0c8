"""Serves the same pipeline with MLServer, without workers, in its own venv.

Arguments: port, joblib and, for adaptive batching, the most requests that share one call.
"""

import asyncio
import sys

from mlserver import MLServer, ModelSettings, Settings
from mlserver.settings import ModelParameters
from mlserver_sklearn import SKLearnModel


async def main() -> None:
    settings = Settings(
        http_port=int(sys.argv[1]),
        grpc_port=int(sys.argv[1]) + 1,
        metrics_port=int(sys.argv[1]) + 2,
        parallel_workers=0,
        debug=False,
        load_models_at_startup=False,
    )
    batching = {"max_batch_size": int(sys.argv[3]), "max_batch_time": 0.001} if len(sys.argv) > 3 else {}
    model = ModelSettings(
        name="iris",
        implementation=SKLearnModel,
        parameters=ModelParameters(uri=sys.argv[2], version="1.4.0"),
        **batching,
    )
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(main())

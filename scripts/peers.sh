#!/usr/bin/env bash
# Installs one peer of the model server, or a tool that measures or tests it, into its own environment: .local/peers/<name>.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  kserve) packages=(kserve==0.21.0 scikit-learn joblib "setuptools<81") ;;
  # MLServer gets its event loop in a way that uvloop 0.22 forbids.
  mlserver) packages=(mlserver==1.7.1 mlserver-sklearn==1.7.1 "uvloop<0.22" "setuptools<81") ;;
  tutorial) packages=(fastapi "uvicorn[standard]" scikit-learn joblib) ;;
  bentoml) packages=(bentoml==1.4.39 scikit-learn joblib) ;;
  litserve) packages=(litserve==0.2.19 scikit-learn joblib) ;;
  ray) packages=("ray[serve]==2.60.0" scikit-learn joblib) ;;
  tools) packages=(py-spy) ;;
  mlflow) packages=(mlflow==3.17.2 --constraint requirements.lock) ;;
  schemathesis) packages=(schemathesis==4.32.5) ;;
  *) echo "peers: ${1:-nothing}, expected kserve, mlserver, tutorial, bentoml, litserve, ray, tools, mlflow or schemathesis" >&2; exit 2 ;;
esac

folder=.local/peers/$1
[ -e "$folder/ready" ] && exit 0
uv=$(command -v uv || echo .local/uv/bin/uv)
echo "peers: $1" >&2
"$uv" venv --quiet --clear --python .venv/bin/python "$folder"
"$uv" pip install --quiet --python "$folder/bin/python" "${packages[@]}"
touch "$folder/ready"

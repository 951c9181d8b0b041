#!/usr/bin/env bash
# What images weigh: the fixtures built as they are usually written, and by forge. Prints a Markdown table.
# Needs root, buildah and the base images (fixtures/bases/ensure --all); forge is .build/release/forge or $FORGE.
set -euo pipefail
cd "$(dirname "$0")/.."
forge=${FORGE:-$PWD/.build/release/forge}
work=$(mktemp -d)
trap 'rm -rf "$work"; buildah rmi $(buildah images -q --filter reference=localhost/forge-sizes) >/dev/null 2>&1 || :' EXIT

build() { # NAME FOLDER DOCKERFILE : an image by hand, without an ignore file, as a first Dockerfile has none
  cp "$3" "$work/$1.Dockerfile"
  buildah bud --quiet --isolation chroot --format docker --layers --pull-never --ignorefile /dev/null \
    --file "$work/$1.Dockerfile" --tag "localhost/forge-sizes:$1" "$2" >/dev/null 2>"$work/$1.log" || {
    tail -n 20 "$work/$1.log" >&2
    exit 1
  }
  buildah push --quiet "localhost/forge-sizes:$1" "docker-archive:$work/$1.tar"
}

row() { # NAME TITLE GOAL : a row of the table, from the archive
  "$forge" inspect "$work/$1.tar" --no-cache --format json |
    python3 -c '
import json, sys
sizes = json.load(sys.stdin)["sizes"]
def mb(count): return f"{count / 1e6:.1f} MB"
print("| {} | {} | {} | {} |".format(sys.argv[1], mb(sizes["stored"]), mb(sizes["wasted"]), sys.argv[2]))' "$2" "$3"
  rm "$work/$1.tar"
}

ours() { # NAME FOLDER OPTION...
  local name=$1 folder=$2
  shift 2
  "$forge" build "$folder" --engine buildah --tag "localhost/forge-sizes:$name" --output "$work/$name.tar" "$@" \
    >/dev/null 2>"$work/$name.log" || {
    tail -n 20 "$work/$name.log" >&2
    exit 1
  }
}

cat >"$work/backend-naive" <<'EOF'
FROM python:3.13-slim-trixie
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]
EOF
cat >"$work/backend-usual" <<'EOF'
FROM python:3.13-slim-trixie AS build
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --no-cache-dir -r requirements.txt
FROM python:3.13-slim-trixie
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
ENV PATH=/opt/venv/bin:$PATH
USER 10001
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]
EOF
cat >"$work/frontend-naive" <<'EOF'
FROM node:24-alpine3.23
WORKDIR /app
COPY . .
RUN npm install
RUN npm run build
CMD ["npm", "start"]
EOF
cat >"$work/frontend-usual" <<'EOF'
FROM node:24-alpine3.23 AS build
WORKDIR /app
COPY . .
RUN npm ci && NEXT_PRIVATE_STANDALONE=1 npm run build
FROM node:24-alpine3.23
WORKDIR /app
COPY --from=build /app/public ./public
COPY --from=build /app/.next/standalone ./
COPY --from=build /app/.next/static ./.next/static
USER node
CMD ["node", "server.js"]
EOF

backend=fixtures/todo-backend frontend=fixtures/offline-frontend
echo '| image | stored | wasted | goal |'
echo '|---|---|---|---|'
build backend-naive $backend "$work/backend-naive"
row backend-naive 'backend, one stage' ''
build backend-usual $backend "$work/backend-usual"
row backend-usual 'backend, usual multi-stage' ''
ours backend-slim $backend
row backend-slim 'backend, forge' '175 MB'
ours backend-bytecode $backend --bytecode
row backend-bytecode 'backend, forge --bytecode' ''
ours backend-distroless $backend --base distroless
row backend-distroless 'backend, forge --base distroless' '120 MB'
build frontend-naive $frontend "$work/frontend-naive"
row frontend-naive 'frontend, one stage' ''
build frontend-usual $frontend "$work/frontend-usual"
row frontend-usual 'frontend, usual multi-stage' ''
ours frontend-forge $frontend
row frontend-forge 'frontend, forge' '165 MB'
cp -R $frontend "$work/export"
rm -rf "$work/export/app/api"
echo 'export default { output: "export" };' >"$work/export/next.config.mjs"
ours frontend-export "$work/export"
row frontend-export 'the same pages as an export, forge' ''

# One line of source: what a push sends of the plain layers.
for fixture in "$backend" "$frontend"; do
  name=changed-$(basename "$fixture")
  cp -R "$fixture" "$work/$name"
  ours "$name" "$work/$name"
  find "$work/$name/app" -name page.js -o -name main.py | head -n 1 | xargs -I{} sh -c 'echo >>"{}"'
  "$forge" build "$work/$name" --engine buildah --tag "localhost/forge-sizes:$name" --format json 2>/dev/null |
    python3 -c '
import json, sys
push = json.load(sys.stdin)["services"][0]["push"]
print("\n{}: one line changed, a push sends {:,} of {:,} bytes ({:.2f} %)".format(
  sys.argv[1], push["changed"], push["total"], 100 * push["changed"] / push["total"]))' "$(basename "$fixture")"
done

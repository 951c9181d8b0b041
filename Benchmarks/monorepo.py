#!/usr/bin/env python3
"""Makes a monorepo of many files below a folder: monorepo.py FOLDER [FILES]. One application of Next.js, one of
FastAPI, and packages of TypeScript, every tenth file of which reads the environment."""

import json
import os
import sys

root, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000


def write(path, text):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


packages = max(1, count // 500)
write("package.json", json.dumps({"private": True, "workspaces": ["apps/*", "packages/*"]}))
write("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {"node_modules/next": {"version": "16.3.4"}}}))
write(".gitignore", "node_modules\n.next/\n*.log\n/coverage\n")
used = {f"@acme/p{i}": "*" for i in range(0, packages, 10)}
write(
    "apps/web/package.json",
    json.dumps({"name": "web", "dependencies": {"next": "16", **used}, "scripts": {"build": "next build"}}),
)
write("apps/web/next.config.ts", "export default { output: 'standalone' }\n")
write("apps/web/app/page.tsx", "export default function Page() { return null }\n")
write("services/api/requirements.txt", "fastapi==0.120.0\nuvicorn==0.38.0\n")
write("services/api/main.py", "from fastapi import FastAPI\napp = FastAPI()\n")
body = "export function value(input: number): number {\n  return input * 2 + 1\n}\n" * 8
for package in range(packages):
    write(f"packages/p{package}/package.json", json.dumps({"name": f"@acme/p{package}"}))
    for number in range(499):
        read = f"export const url = process.env.P{package}_URL ?? 'x'\n" if number % 10 == 0 else ""
        write(f"packages/p{package}/src/group{number % 20}/file{number}.ts", body + read)

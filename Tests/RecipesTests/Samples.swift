import ForgeCodebase
import ForgeRecipes
import ForgeTemplates

/// Services as an analysis would give them.
enum Samples {
  static func next(_ change: (inout Service) -> Void = { _ in }) -> Service {
    var service = Service(
      name: "todo-frontend", path: "frontend", kind: .nextjs,
      framework: Framework(
        name: "next", version: "16.3.4", source: "frontend/package-lock.json:30"),
      runtime: Runtime(name: .node, version: "24", source: "frontend/.nvmrc:1"),
      packageManager: PackageManager(
        name: .npm, version: nil, lockfile: "package-lock.json",
        source: "frontend/package-lock.json:1"),
      next: NextFacts(
        router: .app, output: .default, configFile: "next.config.ts", hasPublicFolder: true),
      port: 3000, healthPath: "/api/health",
      environment: [
        EnvironmentVariable(
          name: "API_URL", scope: .runtime, required: false, default: "http://localhost:8000",
          sources: ["frontend/lib/api.ts:3"]),
        EnvironmentVariable(
          name: "NEXT_PUBLIC_API_URL", scope: .buildPublic, required: true,
          sources: ["frontend/app/page.tsx:12", "frontend/lib/api.ts:4"]),
        EnvironmentVariable(
          name: "SESSION_SECRET", scope: .runtimeSecret, required: true,
          sources: ["frontend/lib/session.ts:2"]),
      ],
      installInputs: ["package-lock.json", "package.json"])
    change(&service)
    return service
  }

  static func fastapi(_ change: (inout Service) -> Void = { _ in }) -> Service {
    var service = Service(
      name: "todo-backend", path: "backend", kind: .fastapi,
      framework: Framework(
        name: "fastapi", version: "0.165.0", source: "backend/requirements.txt:30"),
      runtime: Runtime(name: .python, version: "3.13", source: "backend/.python-version:1"),
      packageManager: PackageManager(
        name: .pip, lockfile: "requirements.txt", source: "backend/requirements.txt:1"),
      fastapi: FastAPIFacts(
        entrypoint: "app.main:app", server: "uvicorn", source: "backend/app/main.py:10"),
      port: 8000, healthPath: "/health",
      environment: [
        EnvironmentVariable(
          name: "DATABASE_URL", scope: .runtimeSecret, required: true,
          sources: ["backend/app/settings.py:12"]),
        EnvironmentVariable(
          name: "LOG_LEVEL", scope: .runtime, required: false, default: "INFO",
          sources: ["backend/app/settings.py:20"]),
      ],
      databases: ["postgresql"],
      migrations: Migrations(tool: "alembic", command: "alembic upgrade head"),
      installInputs: ["requirements.txt"])
    change(&service)
    return service
  }

  static func mcp(_ transport: MCPServer.Transport) -> Service {
    fastapi {
      $0.name = "todo-mcp"
      $0.kind = .mcp
      $0.framework = Framework(name: "fastmcp", version: "3.0.0", source: "backend/uv.lock:30")
      $0.fastapi = nil
      $0.migrations = nil
      $0.healthPath = nil
      $0.mcp = [
        MCPServer(
          transport: transport, mounted: false, path: transport == .stdio ? nil : "/mcp",
          entrypoint: "todo.server:mcp", source: "backend/src/todo/server.py:7")
      ]
    }
  }

  /// How a sample's files are made, where not by default.
  static func options(_ name: String) -> RecipeOptions {
    var options = RecipeOptions()
    if name.hasSuffix("-distroless") { options.base = .distroless }
    if name.hasSuffix("-chainguard") { options.base = .chainguard }
    if name.hasSuffix("-alpine") { options.base = .alpine }
    if name.hasSuffix("-slim") { options.base = .slim }
    if name.hasSuffix("-buildkit") { options.dialect = .buildkit }
    if name.hasSuffix("-explained") { options.explains = true }
    if name.hasSuffix("-bytecode") { options.bytecode = true }
    if name.hasSuffix("-pinned") {
      options.pins = ["python:3.13-slim-trixie": "sha256:" + String(repeating: "5e", count: 32)]
    }
    return options
  }

  static func generate(_ name: String) throws -> [GeneratedFile] {
    guard let service = all.first(where: { $0.name == name })?.service else { return [] }
    return try Generator.generate(Analysis(root: ".", services: [service]), options: options(name))
  }

  private static let tokens = [
    EnvironmentVariable(
      name: "NPM_TOKEN", scope: .buildSecret, required: true, sources: ["frontend/.npmrc:1"])
  ]

  private static let workspaces: [(name: String, service: Service)] = [
    (
      "next-workspace-turbo",
      next {
        $0.path = "apps/web"
        $0.workspace = Workspace(root: ".", kind: "turbo")
        $0.packageManager = PackageManager(
          name: .pnpm, version: "10.13.1", lockfile: "pnpm-lock.yaml", source: "package.json:5")
        $0.next?.standaloneServer = "apps/web/server.js"
        $0.installInputs = [
          "apps/web/package.json", "package.json", "packages/ui/package.json", "pnpm-lock.yaml",
          "pnpm-workspace.yaml",
        ]
      }
    ),
    (
      "fastapi-workspace-uv",
      fastapi {
        $0.path = "services/api"
        $0.workspace = Workspace(root: ".", kind: "uv")
        $0.packageManager = PackageManager(name: .uv, lockfile: "uv.lock", source: "uv.lock:1")
        $0.installInputs = ["pyproject.toml", "services/api/pyproject.toml", "uv.lock"]
      }
    ),
  ]

  private static let shapes: [(name: String, service: Service)] = [
    (
      "next-export",
      next {
        $0.next?.output = .export
        $0.next?.basePath = "/todo"
        $0.healthPath = nil
      }
    ),
    ("next-export-buildkit", next { $0.next?.output = .export }),
    (
      "next-custom-server",
      next {
        $0.next?.customServer = "server.ts"
        $0.next?.startCommand = "cross-env NODE_ENV=production node dist/server.js"
        $0.migrations = Migrations(tool: "prisma", command: "npx prisma migrate deploy")
      }
    ),
    ("next-slim", next()), ("next-distroless", next()), ("next-chainguard", next()),
    (
      "next-buildkit",
      next {
        $0.environment += tokens
        $0.installInputs.insert(".npmrc", at: 0)
      }
    ),
    ("next-explained", next()),
    ("mcp-http", mcp(.streamableHTTP)), ("mcp-stdio", mcp(.stdio)),
    ("mcp-http-distroless", mcp(.streamableHTTP)),
    (
      "fastapi-mcp-beside",
      fastapi {
        $0.mcp = [
          MCPServer(
            transport: .sse, mounted: false, path: "/sse", entrypoint: "app.tools:server",
            source: "backend/app/tools.py:3")
        ]
      }
    ),
    (
      "fastapi-workers",
      fastapi {
        $0.workers = [
          BackgroundWorker(
            tool: "celery", command: "celery -A app.tasks:queue beat",
            source: "backend/app/tasks.py:4"),
          BackgroundWorker(
            tool: "celery", command: "celery -A app.tasks:queue worker",
            source: "backend/app/tasks.py:4"),
          BackgroundWorker(
            tool: "arq", command: "arq app.jobs.WorkerSettings", source: "backend/app/jobs.py:9"),
          BackgroundWorker(
            tool: "rq", command: "rq worker --url $REDIS_URL", source: "backend/Procfile:3"),
        ]
      }
    ),
    (
      "fastapi-pylock",
      fastapi {
        $0.packageManager = PackageManager(
          name: .uv, lockfile: "pylock.toml", source: "backend/pylock.toml:1")
        $0.installInputs = ["pylock.toml", "pyproject.toml"]
      }
    ),
    ("fastapi-distroless", fastapi()), ("fastapi-chainguard", fastapi()),
    ("fastapi-alpine", fastapi()),
    ("fastapi-buildkit", fastapi()), ("fastapi-explained", fastapi()),
    ("fastapi-bytecode", fastapi()),
    ("fastapi-pinned", fastapi()),
  ]

  /// What the snapshots cover, by the snapshot folder's name.
  static let all: [(name: String, service: Service)] =
    shapes + workspaces + [
      ("next-npm", next()),
      (
        "next-secrets",
        next {
          $0.path = "."
          $0.next?.output = .standalone
          $0.next?.basePath = "/todo"
          $0.next?.distDir = "build"
          $0.next?.buildCommand = "rimraf build && next build"
          $0.healthPath = nil
          $0.installInputs = [
            ".npmrc", "package-lock.json", "package.json", "patches", "vendor/ui.tgz",
          ]
          $0.environment += [
            EnvironmentVariable(
              name: "NEXT_PUBLIC_ADMIN_PASSWORD", scope: .buildPublic, required: true,
              sources: ["lib/admin.ts:1"]),
            EnvironmentVariable(
              name: "NPM_TOKEN", scope: .buildSecret, required: true, sources: [".npmrc:1"]),
            EnvironmentVariable(
              name: "SENTRY_AUTH_TOKEN", scope: .buildSecret, required: false,
              sources: ["next.config.ts:9"]),
          ]
        }
      ),
      (
        "next-pnpm",
        next {
          $0.packageManager = PackageManager(
            name: .pnpm, version: "10.13.1", lockfile: "pnpm-lock.yaml",
            source: "frontend/package.json:5")
          $0.installInputs = ["package.json", "pnpm-lock.yaml"]
          $0.environment = []
        }
      ),
      (
        "next-yarn",
        next {
          $0.runtime.version = "22.20.0"
          $0.packageManager = PackageManager(
            name: .yarn, lockfile: "yarn.lock", source: "frontend/yarn.lock:1")
          $0.installInputs = ["package.json", "yarn.lock"]
        }
      ),
      (
        "next-yarn-berry",
        next {
          $0.packageManager = PackageManager(
            name: .yarnBerry, version: "4.9.2", lockfile: "yarn.lock",
            source: "frontend/package.json:5")
          $0.next?.standaloneServer = "apps/web/server.js"
          $0.installInputs = [".yarnrc.yml", "package.json", "yarn.lock"]
        }
      ),
      (
        "next-bun",
        next {
          $0.packageManager = PackageManager(
            name: .bun, lockfile: "bun.lock", source: "frontend/bun.lock:1")
          $0.installInputs = ["bun.lock", "package.json"]
        }
      ),
      // As fixtures/offline-frontend: dependencies that are folders of the project.
      (
        "next-local-packages",
        next {
          $0.name = "offline-frontend"
          $0.next?.configFile = "next.config.mjs"
          $0.environment[1].required = false
          $0.installInputs = [
            "package-lock.json", "package.json", "vendor/next", "vendor/react", "vendor/react-dom",
          ]
        }
      ),
      ("fastapi-pip", fastapi()),
      (
        "fastapi-own-project",
        fastapi {
          $0.packageManager = PackageManager(
            name: .uv, lockfile: "uv.lock", source: "backend/uv.lock:1")
          $0.installation = Installation(
            extras: ["server"], groups: ["api"], project: .itself,
            versionVariable: "SETUPTOOLS_SCM_PRETEND_VERSION")
          $0.fastapi?.appDir = "src"
          $0.fastapi?.workingFolder = "src"
          $0.migrations = Migrations(
            tool: "alembic", command: "alembic upgrade head", folder: "backend/src", groups: ["dev"]
          )
          $0.installInputs = ["pyproject.toml", "uv.lock"]
        }
      ),
      (
        "fastapi-pyproject",
        fastapi {
          $0.packageManager.lockfile = nil
          $0.installation = Installation()
          $0.fastapi = FastAPIFacts(
            entrypoint: "todo.main:create_app", factory: true, appDir: "src", server: "uvicorn",
            source: "backend/src/todo/main.py:10")
          $0.migrations = nil
          $0.healthPath = nil
          $0.environment = []
          $0.installInputs = ["pyproject.toml"]
        }
      ),
      (
        "fastapi-system-packages",
        fastapi {
          $0.systemPackages = SystemPackages(build: ["gcc", "libpq-dev"], runtime: ["libpq5"])
          $0.fastapi?.server = "gunicorn"
          $0.environment.append(
            EnvironmentVariable(
              name: "INDEX_TOKEN", scope: .buildSecret, required: true,
              sources: ["backend/requirements.txt:1"]))
        }
      ),
    ]
    + [
      (PackageManager.Name.uv, "uv.lock", "granian"), (.poetry, "poetry.lock", "uvicorn"),
      (.pdm, "pdm.lock", "hypercorn"), (.pipenv, "Pipfile.lock", "fastapi"),
    ].map { manager, lockfile, server in
      (
        "fastapi-\(manager.rawValue)",
        fastapi {
          $0.packageManager = PackageManager(
            name: manager, lockfile: lockfile, source: "backend/\(lockfile):1")
          $0.fastapi?.server = server
          $0.installInputs = [lockfile, manager == .pipenv ? "Pipfile" : "pyproject.toml"]
        }
      )
    }
}

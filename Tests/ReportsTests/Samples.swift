import ForgeFindings
import ForgeBasics
import ForgeCodebase
import ForgeInspection
import ForgeRules

enum Samples {
  static let finding = Finding(
    id: "FORGE-I009", severity: .error, message: "/app/.env is an environment file",
    location: "layer 1: app/.env",
    fix: "add `**/.env*` to .dockerignore so that no COPY takes it, rebuild, and change the secret",
    evidence: .file)

  static let analysis = Analysis(
    root: ".",
    services: [
      Service(
        name: "todo-backend", path: "backend", kind: .fastapi,
        framework: Framework(
          name: "fastapi", version: "0.121.0", source: "backend/requirements.txt:3"),
        runtime: Runtime(name: .python, version: "3.13", source: "backend/.python-version:1"),
        packageManager: PackageManager(
          name: .pip, lockfile: "requirements.txt", source: "backend/requirements.txt:1"),
        fastapi: FastAPIFacts(
          entrypoint: "app.main:app", server: "uvicorn", source: "backend/app/main.py:12"),
        port: 8000, healthPath: "/health",
        environment: [
          EnvironmentVariable(
            name: "DATABASE_URL", scope: .runtimeSecret, required: true,
            sources: ["backend/app/settings.py:9"]),
          EnvironmentVariable(
            name: "LOG_LEVEL", scope: .runtime, required: false, default: "info\u{1B}[2J",
            sources: ["backend/app/settings.py:10"]),
        ],
        databases: ["postgresql"],
        migrations: Migrations(tool: "alembic", command: "alembic upgrade head"),
        mcp: [
          MCPServer(
            transport: .streamableHTTP, mounted: true, path: "/mcp", entrypoint: "app.mcp:server",
            source: "backend/app/mcp.py:5")
        ],
        installInputs: ["requirements.txt"],
        findings: [
          Finding(
            id: "FORGE-P001", severity: .warning, message: "two lockfiles",
            location: "backend/uv.lock:1",
            fix: "remove one")
        ])
    ],
    links: [ServiceLink(from: "todo-frontend", to: "todo-backend", variable: "API_URL")])

  static let image = ImageFacts(
    source: "image.tar", reference: "todo-backend:latest", digest: .sha256([]),
    platform: "linux/amd64",
    user: "10001:10001", entrypoint: [], cmd: ["uvicorn", "app.main:app", "--host", "0.0.0.0"])

  static let inspection = Inspection(
    image: image,
    sizes: Sizes(
      compressed: 60_000_000, unpacked: 180_000_000, stored: 174_300_000, rootfs: 173_000_000),
    layers: [
      LayerFacts(
        index: 0, digest: .sha256([1]), diffID: .sha256([1]),
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        compressed: 60_000_000, unpacked: 180_000_000, stored: 174_300_000, wasted: 1_300_000,
        files: 5210,
        createdBy:
          "/bin/sh -c #(nop) ADD file:0123456789abcdef0123456789abcdef0123456789abcdef in / ")
    ],
    waste: [
      Waste(
        path: "var/lib/apt/lists/x", bytes: 1_300_000, cause: .deletedFile, layer: 0, hiddenBy: 1)
    ],
    largestFiles: [
      FileFacts(path: "usr/local/lib/libpython3.13.so.1.0", bytes: 6_000_000, layer: 0)
    ],
    duplicates: [DuplicateGroup(bytes: 4096, paths: ["a", "b"])],
    packages: [PackageFacts(kind: "deb", name: "libc6", version: "2.41", bytes: 13_000_000)],
    findings: [finding],
    details: InspectionDetails())

  static var verdict: Verdict {
    var policy = Policy()
    policy.maximumSize = 150_000_000
    return Gate.judge(inspection, policy: policy)
  }
}

import ForgeBasics
import Foundation
import Testing

@testable import ForgeCodebase
@testable import ForgePython
@testable import ForgePythonPackages

@Suite struct FastAPIFactsTests {
  private func service(_ files: [String: String]) throws -> Service {
    var files = files
    files["requirements.txt"] = files["requirements.txt"] ?? PythonProject.requirements
    return try PythonProject.service(files)
  }

  // MARK: Health

  @Test(arguments: [
    ("@app.get('/health')\ndef h(): ...\n", "/health"),
    ("@app.get('/items/{id}/health')\ndef h(): ...\n@app.get('/ping')\ndef p(): ...\n", "/ping"),
    ("@app.post('/health')\ndef h(): ...\n", nil),
    ("@app.api_route('/healthz', methods=['GET'])\ndef h(): ...\n", "/healthz"),
    ("app.add_api_route('/livez', check)\n", "/livez"),
    ("@app.get('/health', dependencies=[Depends(auth)])\ndef h(): ...\n", nil),
    ("PREFIX = '/v1'\n@app.get(PREFIX + '/health')\ndef h(): ...\n", "/v1/health"),
    ("@app.get('/health\\nRUN evil')\ndef h(): ...\n", nil),
    ("@app.get(path)\ndef h(): ...\n", nil),
    ("app.get('/health')(check)\n", "/health"),
    ("app.router.add_api_route('/ping', check)\n", "/ping"),
    ("app.post('/health')(check)\n", nil),
    // A GET is answered by 405 there.
    ("@app.head('/health')\ndef h(): ...\n", nil),
  ])
  func healthPath(_ code: String, _ expected: String?) throws {
    #expect(try service(["main.py": PythonProject.app + code]).healthPath == expected)
  }

  @Test func healthPathThroughRouters() throws {
    let service = try service([
      "app/__init__.py": "",
      "app/main.py": """
      from fastapi import FastAPI
      from app.api import api_router
      from app.core import settings
      app = FastAPI()
      app.include_router(api_router, prefix=settings.API_V1_STR)
      """,
      "app/core.py": """
      from pydantic_settings import BaseSettings
      class Settings(BaseSettings):
          API_V1_STR: str = "/api/v1"
      settings = Settings()
      """,
      "app/api/__init__.py": """
      from fastapi import APIRouter
      from app.api.routes import utils
      api_router = APIRouter()
      api_router.include_router(utils.router, prefix="/more")
      """,
      "app/api/routes/__init__.py": "",
      "app/api/routes/utils.py": """
      from fastapi import APIRouter
      router = APIRouter(prefix="/utils", tags=["utils"])
      @router.get("/health-check")
      async def health_check() -> bool:
          return True
      """,
    ])
    #expect(service.healthPath == "/api/v1/more/utils/health-check")
    #expect(service.variable("API_V1_STR")?.default == "/api/v1")
  }

  @Test func healthPathThroughAFactory() throws {
    let service = try service([
      "main.py": """
      from fastapi import APIRouter, FastAPI
      def add_routes(application: FastAPI) -> None:
          router = APIRouter(prefix="/ops")
          @router.get("/healthz")
          def healthz(): ...
          application.include_router(router)
      def create_app() -> FastAPI:
          api = FastAPI()
          add_routes(api)
          return api
      app = create_app()
      """
    ])
    #expect(service.fastapi?.entrypoint == "main:app")
    #expect(service.healthPath == "/ops/healthz")
  }

  // MARK: Environment

  @Test func environmentOfCalls() throws {
    let service = try service([
      "main.py": PythonProject.app + """
        import os
        from os import environ as env, getenv
        A = os.environ["REQUIRED"]
        B = os.getenv("OPTIONAL")
        C = os.environ.get("WITH_DEFAULT", "x")
        D = env["ALIASED"]
        E = getenv("FALLBACK") or "y"
        F = f"{os.environ['IN_FORMAT']}"
        G = os.getenv("STRIPE_SECRET_KEY", "sk_live_123")
        H = os.environ[name]
        I = os.getenv("MAX_TOKENS", 100)
        J = int(os.getenv("PORT", "8000"))
        K = os.getenv("CACHE_URL", "redis://u:p@h/0")
        class Config:
            L = os.getenv("IN_CLASS", default="z")
            def m(self): return os.environ["IN_METHOD"]
        """,
      "tests/test_x.py": "import os\nos.environ['TEST_ONLY']\n",
    ])
    #expect(service.variable("REQUIRED")?.required == true)
    #expect(service.variable("REQUIRED")?.sources == ["main.py:5"])
    #expect(service.variable("OPTIONAL")?.required == false)
    #expect(service.variable("WITH_DEFAULT")?.default == "x")
    #expect(service.variable("ALIASED")?.required == true)
    #expect(service.variable("FALLBACK")?.default == "y")
    #expect(service.variable("IN_FORMAT")?.required == true)
    #expect(service.variable("STRIPE_SECRET_KEY")?.scope == .runtimeSecret)
    #expect(service.variable("MAX_TOKENS")?.default == "100")
    #expect(service.variable("PORT")?.scope == .platform)
    #expect(service.variable("CACHE_URL")?.scope == .runtimeSecret)
    #expect(service.variable("IN_CLASS")?.default == "z")
    #expect(service.variable("IN_METHOD")?.required == true)
    #expect(service.variable("TEST_ONLY") == nil)
    #expect(service.databases == ["redis"])
    let json = try StableJSON.encode(service)
    #expect(!json.contains("sk_live_123") && !json.contains("u:p@h"))
  }

  @Test func environmentOfSettings() throws {
    let service = try service([
      "main.py": PythonProject.app + """
        from typing import Annotated, ClassVar
        from pydantic import AliasChoices, BaseModel, Field, SecretStr
        from pydantic_settings import BaseSettings, SettingsConfigDict
        class Database(BaseModel):
            host: str
            port: int = 5432
            password: SecretStr = SecretStr("hunter2")
        class Base(BaseSettings):
            inherited: bool = False
        class Settings(Base):
            model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__", env_file=".env")
            KIND: ClassVar[str] = "x"
            name: str
            tags: list[str] = ["a", "b"]
            ratio: float = Field(0.5, gt=0)
            made: list[int] = Field(default_factory=list)
            other: str = Field(validation_alias=AliasChoices("OTHER_NAME", "SECOND"))
            aliased: Annotated[int, Field(alias="legacy_count")] = 3
            token: SecretStr | None = None
            database: Database
            _private: int = 1
        """
    ])
    #expect(service.variable("APP_NAME")?.required == true)
    #expect(service.variable("APP_TAGS")?.default == "[\"a\",\"b\"]")
    #expect(service.variable("APP_RATIO")?.default == "0.5")
    #expect(service.variable("APP_MADE")?.required == false)
    #expect(service.variable("OTHER_NAME")?.required == true)
    #expect(service.variable("LEGACY_COUNT")?.default == "3")
    #expect(service.variable("APP_TOKEN")?.scope == .runtimeSecret)
    #expect(service.variable("APP_TOKEN")?.required == false)
    #expect(service.variable("APP_DATABASE__HOST")?.required == true)
    #expect(service.variable("APP_DATABASE__PORT")?.default == "5432")
    #expect(service.variable("APP_DATABASE__PASSWORD")?.scope == .runtimeSecret)
    #expect(service.variable("APP_INHERITED")?.default == "false")
    #expect(service.variable("APP_KIND") == nil && service.variable("APP__PRIVATE") == nil)
    #expect(service.has("FORGE-F020", .warning))
    #expect(!(try StableJSON.encode(service)).contains("hunter2"))
  }

  @Test func settingsOfPydanticOne() throws {
    let service = try service([
      "main.py": PythonProject.app + """
        from pydantic import BaseSettings, Field
        class Settings(BaseSettings):
            url: str = Field(..., env="SERVICE_URL")
            debug: bool = True
            class Config:
                env_prefix = "X_"
        """
    ])
    #expect(service.variable("SERVICE_URL")?.required == true)
    #expect(service.variable("X_DEBUG")?.default == "true")
  }

  @Test func examplesNameVariablesOnly() throws {
    let service = try service([
      "main.py": PythonProject.app,
      ".env.example": "# c\nexport FOO=bar\nAPI_TOKEN=abc123\nnot a line\nB-AD=1\n",
    ])
    #expect(service.environment.map(\.name) == ["API_TOKEN", "FOO"])
    #expect(service.variable("FOO")?.default == nil)
    #expect(service.variable("API_TOKEN")?.scope == .runtimeSecret)
  }

  // MARK: Databases, packages

  @Test(arguments: [
    ("asyncpg==1\nredis==1\n", ["postgresql", "redis"], [], []),
    ("psycopg2==2.9.10\n", ["postgresql"], ["gcc", "libc6-dev", "libpq-dev"], ["libpq5"]),
    ("psycopg[binary]==3\n", ["postgresql"], [], []),
    ("psycopg==3\n", ["postgresql"], [], ["libpq5"]),
    ("psycopg[c]==3\n", ["postgresql"], ["gcc", "libc6-dev", "libpq-dev"], ["libpq5"]),
    (
      "mysqlclient==2\nmotor==3\n", ["mongodb", "mysql"],
      ["default-libmysqlclient-dev", "gcc", "libc6-dev", "pkg-config"], ["libmariadb3"]
    ),
    ("psycopg2-binary==2\naiosqlite==1\n", ["postgresql", "sqlite"], [], []),
    ("lib @ git+https://example.org/lib@v1\n", [], ["ca-certificates", "git"], []),
  ])
  func databasesAndPackages(
    _ lines: String, _ databases: [String], _ build: [String], _ runtime: [String]
  ) throws {
    let service = try service([
      "requirements.txt": PythonProject.requirements + lines, "main.py": PythonProject.app,
    ])
    #expect(service.databases == databases)
    #expect(service.systemPackages == SystemPackages(build: build, runtime: runtime))
  }

  @Test func tableOfSystemPackagesIsReadable() {
    #expect(PythonPackages.known.count > 25)
    #expect(PythonPackages.known.contains("psycopg[c]"))
  }
}

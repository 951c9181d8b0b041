import Testing

@testable import ForgeCodebase
@testable import ForgeFindings
@testable import ForgePython
@testable import ForgePythonPackages

/// Versions that are known to break, told before the build.
@Suite struct PythonBreaksTests {
  private func breaks(_ lines: String, _ code: String = "", python: String? = nil) throws
    -> [String]
  {
    var files = [
      "requirements.txt": PythonProject.requirements + lines + "\n",
      "main.py": PythonProject.app + code + "\n",
    ]
    if let python { files[".python-version"] = python + "\n" }
    return try PythonProject.service(files).findings.filter { $0.id == "FORGE-P061" }.map {
      "\($0.severity.rawValue) \($0.location ?? "")"
    }
  }

  private static let engine = "from sqlalchemy import create_engine\n"
  private static let templates =
    "from fastapi.templating import Jinja2Templates\nt = Jinja2Templates(directory='x')\n"

  @Test(arguments: [
    // SQLAlchemy 2.1 and its driver: by the newest, by a pin, by what brings it.
    (
      "sqlalchemy>=2.0\npsycopg2-binary", engine + "create_engine('postgresql://a@b/c')",
      ["error main.py:4"]
    ),
    (
      "sqlalchemy==2.1.3\npsycopg2", engine + "create_engine('postgresql://a@b/c')",
      ["error main.py:4"]
    ),
    (
      "sqlmodel\npsycopg2", engine + "import os\ncreate_engine(os.environ['X'])",
      ["warning main.py:5"]
    ),
    ("sqlalchemy\npsycopg2", engine + "create_engine('postgresql+psycopg2://a@b/c')", []),
    ("sqlalchemy>=2.0,<2.1\npsycopg2", engine + "create_engine('postgresql://a@b/c')", []),
    ("sqlalchemy==2.0.40\npsycopg2", engine + "create_engine('postgresql://a@b/c')", []),
    ("sqlalchemy\npsycopg[binary]", engine + "create_engine('postgresql://a@b/c')", []),
    (
      "sqlalchemy\npsycopg2", engine + "create_engine('sqlite:///x')\n# postgresql://",
      ["warning main.py:4"]
    ),
    // Its asyncio module without greenlet.
    ("sqlalchemy\nasyncpg", "from sqlalchemy.ext.asyncio import AsyncSession", ["error main.py:3"]),
    ("sqlalchemy[asyncio]\nasyncpg", "from sqlalchemy.ext.asyncio import AsyncSession", []),
    ("sqlalchemy\ngreenlet", "import sqlalchemy.ext.asyncio as a", []),
    ("sqlalchemy~=2.0.0\nasyncpg", "from sqlalchemy.ext.asyncio import AsyncSession", []),
    // What FastAPI does not bring.
    (
      "", "from fastapi import Form\n@app.post('/')\ndef f(x: str = Form()): pass",
      ["error main.py:5"]
    ),
    (
      "python-multipart", "from fastapi import Form\n@app.post('/')\ndef f(x: str = Form()): pass",
      []
    ),
    ("fastapi-users==14.0.1", "from fastapi import UploadFile as U\ndef f(x: U): pass", []),
    ("", "from fastapi import Form", []),
    (
      "", "from pydantic import BaseModel, EmailStr\nclass A(BaseModel):\n  x: EmailStr | None",
      ["error main.py:5"]
    ),
    (
      "pydantic[email]==2.12.0",
      "from pydantic import BaseModel, EmailStr\nclass A(BaseModel):\n  x: EmailStr", []
    ),
    // Passwords, clients of language models.
    ("passlib[bcrypt]==1.7.4", "", ["error requirements.txt:3"]),
    ("passlib==1.7.4\nbcrypt==4.0.1", "", []),
    ("passlib\nbcrypt>=4.0,<5", "", []),
    ("openai==1.30.0", "", ["error requirements.txt:3"]),
    ("openai==1.30.0\nhttpx==0.27.2", "", []),
    (
      "openai", "import openai\ndef f():\n  return openai.ChatCompletion.create()",
      ["warning main.py:5"]
    ),
    ("openai==0.28.1", "import openai\ndef f():\n  return openai.ChatCompletion.create()", []),
    ("openai", "import httpx", ["error main.py:3"]),
    ("langchain", "from langchain.chains import RetrievalQA", ["error main.py:3"]),
    (
      "langchain", "try:\n  from langchain.chains import A\nexcept ImportError:\n  from b import A",
      []
    ),
    ("langchain>=0.2,<1", "from langchain.chains import RetrievalQA", []),
    ("langchain", "from langchain.agents import create_agent", []),
    // Pydantic 2 and code for 1.
    ("pydantic", "from pydantic import BaseSettings", ["error main.py:3"]),
    ("pydantic==1.10.26", "from pydantic import BaseSettings", []),
    ("pydantic", "from pydantic.v1 import BaseSettings", []),
    ("pydantic", "def f():\n  from pydantic import BaseSettings", ["warning main.py:4"]),
    (
      "pydantic",
      "from pydantic import Field as F, BaseModel\nclass A(BaseModel):\n  x: str = F(regex='a')",
      ["error main.py:5"]
    ),
    (
      "pydantic",
      "from pydantic import root_validator\nclass A:\n  @root_validator\n  def f(c, v): pass",
      ["error main.py:5"]
    ),
    (
      "pydantic",
      "from pydantic import root_validator\nclass A:\n  @root_validator(pre=True)\n  def f(c, v): pass",
      []
    ),
    // Modules that are no longer there.
    ("", "import pkg_resources", ["error main.py:3"]),
    ("setuptools<81", "import pkg_resources", []),
    ("", "import imghdr\nimport distutils.util", ["error main.py:4", "error main.py:3"]),
    ("gunicorn==20.1.0", "", ["error requirements.txt:3"]),
    (
      "motor==3.3.2\nmoviepy", "import moviepy.editor as e",
      ["error requirements.txt:3", "error main.py:3"]
    ),
  ])
  func known(_ lines: String, _ code: String, _ expected: [String]) throws {
    #expect(try breaks(lines, code) == expected)
  }

  @Test(arguments: [
    ("pydantic==1.10.13", "3.13", 1), ("pydantic==1.10.13", "3.12", 0),
    ("pydantic==1.10.18", "3.13", 0), ("sqlalchemy==2.0.25", "3.13", 1),
    ("sqlalchemy==2.0.25", "3.12", 0), ("aioredis", "3.11", 1), ("pydub", "3.12", 0),
    ("pydub", "3.13", 1), ("pydub\naudioop-lts", "3.13", 0),
  ])
  func versionsOfPython(_ lines: String, _ python: String, _ count: Int) throws {
    #expect(try breaks(lines, python: python).count == count)
  }

  /// Templates of another file, with FastAPI pinned (which keeps Starlette), open, and in the new way.
  @Test(arguments: [
    ("fastapi\n", "t.TemplateResponse('a.html', {})", 1),
    ("fastapi\n", "t.TemplateResponse(f'{a}.html', {})", 1),
    ("fastapi\n", "t.TemplateResponse(request, 'a.html', {})", 0),
    ("fastapi\n", "t.TemplateResponse(name='a.html', request=r)", 0),
    ("fastapi==0.121.0\n", "t.TemplateResponse('a.html', {})", 0),
    ("fastapi==0.150.0\n", "t.TemplateResponse('a.html', {})", 1),
    ("fastapi\nstarlette<1\n", "t.TemplateResponse('a.html', {})", 0),
  ])
  func templates(_ lines: String, _ call: String, _ count: Int) throws {
    let service = try PythonProject.service([
      "requirements.txt": lines + "uvicorn\njinja2\n", "pages.py": Self.templates,
      "main.py": PythonProject.app + "from pages import t\ndef f(r): return \(call)\n",
    ])
    #expect(service.findings.count { $0.id == "FORGE-P061" } == count)
  }

  @Test func tableIsReadable() {
    let table = KnownBreaks.table
    #expect(table.breaks.count > 50)
    for (bringer, versions) in table.brought.values.joined() where !versions.isEmpty {
      #expect(table.newest[bringer] != nil, "\(bringer)")
    }
    for row in table.breaks {
      #expect(row.package != nil || row.python != nil)
      #expect(!row.seen.isEmpty && !row.fix.hasSuffix(".") && !row.breaks.hasSuffix("."))
      for range in [row.versions, row.python].compactMap(\.self) {
        #expect(range.contains { "<>=".contains($0) }, "\(range)")
      }
      // A version that nothing pins can only be judged if the newest is known.
      if row.versions != nil, let name = row.package, row.with == nil {
        #expect(table.newest[name] != nil, "\(name)")
      }
    }
  }
}

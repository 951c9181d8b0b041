import Testing

@testable import ForgeCodebase
@testable import ForgePython
@testable import ForgePythonPackages

/// What the dependencies and the programs of a service ask of the image's system.
@Suite struct PythonSystemTests {
  private func service(_ files: [String: String]) throws -> Service {
    let usual = ["requirements.txt": PythonProject.requirements, "main.py": PythonProject.app]
    return try PythonProject.service(usual.merging(files) { $1 })
  }

  @Test(arguments: [
    ("lightgbm==4.6.0", ["libgomp1"]),
    ("sounddevice==0.5.1", ["libportaudio2"]),
    ("Wand==0.6.13", ["imagemagick"]),
    ("PyVips==3.0.0", ["libvips42"]),
    ("rdkit==2025.9.1", ["libexpat1", "libx11-6", "libxext6", "libxrender1"]),
    ("openai_whisper", ["ffmpeg"]),
    ("GitPython", ["git"]),
    ("rasterio", ["libexpat1"]),
    // Without a lockfile, what they always bring along counts.
    ("ultralytics", ["libgl1", "libglib2.0-0"]),
    ("rioxarray", ["libexpat1"]),
    // Their wheels bring everything.
    ("opencv-python-headless\nxgboost\npsycopg[binary]\npypandoc-binary", []),
  ])
  func distributions(_ lines: String, _ runtime: [String]) throws {
    let service = try service(["requirements.txt": PythonProject.requirements + lines + "\n"])
    #expect(service.systemPackages.runtime == runtime)
  }

  /// The lockfile knows what ultralytics brings here.
  @Test func aLockfileIsNotGuessed() throws {
    func package(_ name: String, _ more: String = "") -> String {
      "[[package]]\nname = \"\(name)\"\nversion = \"1\"\nsource = { registry = \"x\" }\n\(more)"
    }
    let lock =
      "version = 1\nrequires-python = \">=3.13\"\n" + package("fastapi") + package("uvicorn")
      + package("ultralytics") + "[[package]]\nname = \"a\"\nversion = \"1\"\n"
      + "source = { virtual = \".\" }\ndependencies = [{ name = \"fastapi\" }, "
      + "{ name = \"uvicorn\" }, { name = \"ultralytics\" }]\n"
    let manifest = "[project]\nname = \"a\"\nrequires-python = \">=3.13\"\ndependencies = []\n"
    let service = try service(["uv.lock": lock, "pyproject.toml": manifest])
    #expect(service.systemPackages.runtime == [])
  }

  @Test(arguments: ["playwright", "selenium", "pdfkit", "cx_Oracle", "crawl4ai\nplaywright"])
  func whatNoPackageBrings(_ lines: String) throws {
    let service = try service(["requirements.txt": PythonProject.requirements + lines + "\n"])
    #expect(service.findings.filter { $0.id == "FORGE-P062" }.map(\.severity) == [.warning])
  }

  /// Code of the application, the packages it leads to, and the lines of which it is said that a program is missing.
  @Test(arguments: [
    ("import subprocess\nsubprocess.run(['ffmpeg', '-i', x])", ["ffmpeg"], []),
    ("from subprocess import Popen as P\nP(('pdftotext', x))", ["poppler-utils"], []),
    ("import subprocess as s\ncmd = ['gs', x] + more\ns.check_call(cmd)", ["ghostscript"], []),
    (
      "import subprocess\nsubprocess.run('pg_dump $URL | gzip > x', shell=True)",
      ["postgresql-client"], []
    ),
    ("import subprocess\nsubprocess.run(f'zip -r {x} {y}', shell=True)", ["zip"], []),
    ("import os\nos.system('curl x && tesseract y')", ["curl", "tesseract-ocr"], []),
    (
      "import asyncio\nasync def f():\n  await asyncio.create_subprocess_exec('pandoc', x)",
      ["pandoc"], []
    ),
    ("import subprocess, shlex\nsubprocess.run(shlex.split('dot -Tsvg'))", ["graphviz"], []),
    ("import os, subprocess\nB = os.getenv('SOX', 'sox')\nsubprocess.run([B, x])", ["sox"], []),
    (
      "import subprocess\ndef call(c):\n  subprocess.run(c)\ncall(['git', 'clone', x])", ["git"], []
    ),
    // The image has these, or another system does.
    (
      "import subprocess, sys\nsubprocess.run([sys.executable, 'x.py'])\nsubprocess.run(['ls', 'powershell'])",
      [], []
    ),
    (
      "import subprocess\nsubprocess.run(['alembic', 'upgrade'])\nsubprocess.run(['./run.sh'])", [],
      ["main.py:4"]
    ),
    // The code does without, or asks for what no image has.
    ("import shutil\nif shutil.which('ffmpeg'): pass", [], ["main.py:4"]),
    (
      "import subprocess\ntry:\n  subprocess.run(['exiftool'])\nexcept FileNotFoundError:\n  pass",
      [], ["main.py:5"]
    ),
    (
      "import subprocess\ntry:\n  subprocess.run(['exiftool'])\nexcept FileNotFoundError:\n  raise",
      ["libimage-exiftool-perl"], []
    ),
    ("import subprocess\nsubprocess.check_output(['git', 'rev-parse', 'HEAD'])", [], ["main.py:4"]),
    ("import subprocess\nsubprocess.run(['wkhtmltopdf', x])", [], ["main.py:4"]),
    ("import subprocess\nsubprocess.run(['frobnicate', x])", [], ["main.py:4"]),
    // Nothing is known of these.
    ("import subprocess\nsubprocess.run(cmd)\nsubprocess.run(f'{tool} -x', shell=True)", [], []),
    ("class subprocess:\n  def run(x): pass\nsubprocess.run(['ffmpeg'])", [], []),
  ])
  func programs(_ code: String, _ packages: [String], _ places: [String]) throws {
    let service = try service(["main.py": PythonProject.app + code + "\n"])
    #expect(service.systemPackages.runtime == packages)
    #expect(service.findings.filter { $0.id == "FORGE-P060" }.compactMap(\.location) == places)
  }

  /// Only what the service loads is installed for it.
  @Test func programsOfCodeThatNothingLoads() throws {
    let tool = "import subprocess\nsubprocess.run(['ffmpeg'])\n"
    let files = [
      "main.py": "import lib.used\n" + PythonProject.app, "lib/__init__.py": "",
      "lib/used.py": "from . import deep\n", "lib/deep.py": tool,
      "tools.py": "import subprocess\n"
        + "subprocess.run(['inkscape'])\n",
    ]
    let service = try service(files)
    #expect(service.systemPackages.runtime == ["ffmpeg"])
    #expect(service.findings.filter { $0.id == "FORGE-P060" }.map(\.severity) == [.info])
    // A module that a value names may be any.
    let byValue = try self.service(
      files.merging(["lib/deep.py": "import importlib\nimportlib.import_module(x)\n"]) { $1 })
    #expect(byValue.systemPackages.runtime == ["inkscape"])
  }

  @Test func tablesAreReadable() {
    #expect(PythonPackages.known.count > 100)
    #expect(PythonPackages.brought.isSubset(of: PythonPackages.known))
    let programs = KnownPrograms.table
    #expect(programs.debianPackages.count > 80)
    #expect(programs.answer(to: ["ls", "-l"]) == .nothing)
    #expect(programs.answer(to: ["/usr/bin/ffprobe"]) == .packages(["ffmpeg"]))
  }
}

#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets that read text: texts.py FOLDER. The same texts every time."""
import os
import random
import sys

TEXTS = {
    "toml": [
        '[project]\nname = "api"\nrequires-python = ">=3.12"\ndependencies = ["fastapi[standard]>=0.115", "uvicorn"]\n\n'
        '[[tool.uv.index]]\nname = "x"\nurl = "https://example.org/simple"\n',
        "a.b.\"c.d\" = {e = [1, 0x1F, 1_000, inf, nan], f = 1979-05-27T07:32:00.5-07:00, g = '''\nx''', h = \"\"\"\\u00e9\"\"\"}\n",
        "[a]\nb = true # c\n[a.d]\n[[e]]\n[[e]]\nf = []\n", "[|", "a = [ } ]", "a = 1979-05-27 0",
    ],
    "yaml": [
        "a: [1, 'two', \"three\\n\"]\nb: &x {c: d}\ne: *x\nf: |\n  text\n   more\ng: >-\n  folded\n? h\n: i\n",
        "services:\n  web:\n    build: .\n    environment:\n      - A=b\n    ports: [\"80:80\"]\n---\nb: 1\n",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "a: *a\n", "%YAML 1.2\n---\n!!map {a: !!str b, <<: {c: d}}\n",
        "a: 1\na: 2\n", "\tb: 1\n", "- - - - a\n",
    ],
    "json5": [
        "// a\n{name: 'x', \"version\": \"1\", scripts: {build: 'next build',}, n: [1, -0.5, .5, 1e9, true, null,],}\n",
        "{a: `b`}", "{a: b}", "{a: function() {}}", "[{}, [], '']", "{'\\u0061': '\\x41\\\n'}",
    ],
    "javascript": [
        "import a, {b as c} from 'd';\n/** @type {import('next').NextConfig} */\nconst config = {output: 'standalone', "
        "async rewrites() { return [{source: '/api/:path*', destination: `${process.env.API_URL ?? 'http://x'}/:path*`}] }};\n"
        "export default config;\n",
        "const {A, B = 'c', ...rest} = process.env; if (!A) throw new Error(`no ${A}`); for (const x of y) { z(x) }\n",
        "export const metadata: Metadata = {a: b as const}; enum E {A = 1} type T<X> = X extends Y ? {[k in K]?: V} : never;\n",
        "const C = () => <a href={`/${b}`} {...c}>{d ? <E/> : 'f'} &nbsp;</a>;\n",
        "var r = /[/\\]]+/gi, s = a / b / c; label: while (1) { break label } switch (a) { case 1: default: }\n",
        "module.exports = process.env.NODE_ENV === 'production' ? require('./a') : withB({c: d => e})\n",
        "class A extends B { #c = 1; static async *d() { yield* await e } get f() { return this?.g?.[h]?.() } }\n",
        "z.object({A: z.string().url().default('b'), C: z.coerce.number().optional()}).parse(process.env)",
    ],
    "python": [
        "import os\nfrom fastapi import FastAPI, Depends as D\n\napp: FastAPI = FastAPI(title=f\"{os.environ['A']!r:>{10}}\")\n\n"
        "@app.get('/a/{b}', tags=[\"c\"])\nasync def d(b: int = 1, *args, e: str | None = None, **f) -> dict[str, int]:\n"
        "    return {**f, 'x': [y for y in z if y]}\n",
        "class Settings(BaseSettings):\n    a: str = 'b'\n    model_config = SettingsConfigDict(env_prefix='X_')\n\n"
        "    @property\n    def c(self): return lambda *, d: d\n",
        "match a:\n    case {'b': [c, *_]} if d: pass\n    case _: pass\ntry:\n    x\nexcept* (A, B) as e:\n    raise C from e\n",
        "a = (\n  1,\n  # c\n)\nif a:\n\tb\nelif c: d; e\nelse:\n        f\nwith (a as b, c): pass\nx[1:2, ...] @= ~y if z else -w ** 2\n",
        "def f(a, /, b): global c; nonlocal d; del e[0]; assert f, 'g'; yield; await h; return *i, j\n",
        "s = r'\\' '''\n''' b\"\\x00\" f'{a:{b}}' \\\n  'c'\n", "while True:\n  pass\n else: pass\n", "type X[T: int] = list[T]\n",
    ],
    "dockerfile": [
        "# syntax=docker/dockerfile:1\n# escape=`\nARG V=1\nFROM --platform=$BUILDPLATFORM node:${V:-24} AS a\n"
        "RUN --mount=type=cache,target=/x <<A <<-\"B\"\nx\nA\n\ty\n\tB\nCOPY --from=a --chown=1:1 [\"a b\", \"/c\"]\n",
        "FROM a\nENV A=b C=\"d e\" F='g'\\\n h=i\nENV j k l\nLABEL x.y=\"z\"\nHEALTHCHECK --interval=3s CMD curl -f x || exit 1\n"
        "ONBUILD RUN a\nSHELL [\"/bin/sh\", \"-c\"]\nSTOPSIGNAL 9\nUSER a:b\nEXPOSE 80/tcp\nVOLUME [\"/a\"]\nWORKDIR $A/${B:+c}\n",
        "from scratch\nadd --checksum=sha256:a https://x /y\ncmd [ \"a\", \n", "RUN a && \\\n# c\n\n  b ; c | d > e $(f `g`)\n",
        "FROM ${A#*b} AS ${\n", "RUN <<EOF\n", "FROM a\nCOPY <<E /x\n$a ${b:?c}\nE\n", "",
    ],
    "ignore": [
        "# a\n*\n!src/**\n**/*.pyc\n/b/\n./c/../d\n!e\n\\#f\n g \n", "[a-z]*\n[^b]?\n**/**/c\n", "[a\n", "[]\n[z-a]\n\\\n", "!\n!/\n.\n..\n",
        "a\\*b\na\\\\\n{b,c}\n" + "*a" * 40 + "\n", "\ufeff# x\n\r\ny\r\n", "**a/**b**/c**\n",
    ],
    "lockfile": [
        '{"lockfileVersion": 3, "packages": {"": {"dependencies": {"next": "^16"}}, "node_modules/next": {"version": "16.0.1", "link": true}}}',
        '{"_meta": {"requires": {"python_version": "3.12"}}, "default": {"fastapi": {"version": "==0.1", "extras": ["a"]}}, "develop": {}}',
        '{"workspaces": {"": {"name": "x"}}, "packages": {"next": ["next@16.0.1", "", {"dependencies": {}}, "sha512-x"]},}',
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next:\n        specifier: ^16\n        version: 16.0.1(react@19)\n"
        "packages:\n  next@16.0.1:\n    resolution: {integrity: x}\nsnapshots:\n  next@16.0.1(react@19): {}\n",
        '# yarn lockfile v1\n\nnext@^16.0.0, "next@npm:^16":\n  version "16.0.1"\n  dependencies:\n    a b\n__metadata:\n  version: 8\n',
        "# pip\nfastapi[all]==0.1 ; python_version < '3.9' --hash=sha256:a \\\n  --hash=sha256:b\n-r x.txt\n-e git+https://a@b#egg=c\n./d.whl\n",
        'version = 1\nrequires-python = ">=3.12"\n[[package]]\nname = "a"\nversion = "1"\nsource = {virtual = "."}\n'
        'dependencies = [{name = "b", marker = "x", extra = ["c"]}]\nwheels = [{url = "https://x/b-1-py3-none-any.whl"}]\n[[package]]\nname = "b"\n',
        '[[package]]\nname = "a"\nversion = "1"\noptional = false\ngroups = ["main"]\n[package.dependencies]\nb = {version = "*", extras = ["c"]}\n'
        '[extras]\nx = ["a"]\n[metadata]\ncontent-hash = "d"\npython-versions = "^3.12"\n[metadata.files]\na = [{file = "a-1.tar.gz"}]\n',
    ],
    "policy": [
        "version: 1\nprofile: strict\nfail-on: warning\n", "size:\n  max: 200MB\n  growth: 5%\nlayers: 40\n",
        "rules:\n  FORGE-I001: off\n  FORGE-I010: warning\n",
        "version: 1\nprofile: strict\nsize: {max: 200MB, layer: 1 GB, growth: 5%, paths: {/app: 3MB}, packages: {a: 1}}\nfail-on: warning\n",
        "rules:\n  FORGE-I001: off\n  FORGE-I010: warning\nsuppress:\n  - id: FORGE-I008\n    variable: A\n    reason: b\n    until: 2027-01-01\n",
        "assert:\n  no-setuid: true\n  newest: 3d\n  files: [/a, {path: /b, mode: '0644'}]\n  absent: ['*.pem']\nnumeric-user: true\n",
        "extends: /proc/self/environ\n", "extends: [a, b]\n", "size: {max: -1}\n", "rules: []\n", "suppress: [{id: x, path: '[', fingerprint: 1}]\n",
    ],
}
NESTED = [("[", "]"), ("{", "}"), ("(", ")"), ("{a:", "}"), ("[[", "]]"), ("- ", ""), ("${", "}"), ("`${", "}`"), ("<a>", "</a>"),
          ("!", ""), ("-", ""), ("not ", ""), ("a.", "a"), ("x=>", "x"), ("a?b:", "c"), ("\"", ""), ("&a ", ""), ("if a:\n ", "")]


def grown(texts: list[str], rnd: random.Random) -> list[str]:
    """The texts, each cut off and spliced with another, and each kind of nesting at two depths within one of them."""
    out = list(texts)
    for text in texts:
        out.append(text[: len(text) * 2 // 3])
        other = rnd.choice(texts)
        at = rnd.randrange(len(text) + 1)
        out.append(text[:at] + other[rnd.randrange(len(other) + 1):])
    for number, (opening, closing) in enumerate(NESTED):
        text = texts[number % len(texts)]
        at = rnd.randrange(len(text) + 1)
        for depth in (40, 4_000):
            out.append(opening * depth + closing * (depth if number % 2 else 0))
            out.append(text[:at] + opening * depth + closing * depth + text[at:])
    return out


def main() -> None:
    for target, texts in TEXTS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for number, text in enumerate(grown(texts, random.Random(target))):
            with open(f"{folder}/text{number:03}", "wb") as file:
                file.write(text.encode())


main()

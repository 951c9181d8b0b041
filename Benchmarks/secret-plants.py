#!/usr/bin/env python3
"""Plants secrets of every family in every place of an image and counts what a scanner finds.

  secret-plants.py FORGE [--seed N] [--detect-secrets PROGRAM] [--missed] [--keep FOLDER]

All secrets are made when this runs: no scanner trips over this file. FORGE checks one image that holds all plants;
detect-secrets scans the same files in a folder (what stands in the image's configuration is a file there).
Needs ssh-keygen and openssl. Exit 1 where forge finds fewer than 95 of 100.
"""
import argparse, base64, collections, gzip, hashlib, io, json, os, pickle, random, re, shutil, sqlite3, string
import subprocess, sys, tarfile, tempfile

options = argparse.ArgumentParser()
options.add_argument("forge")
options.add_argument("--seed", type=int, default=1)
options.add_argument("--detect-secrets")
options.add_argument("--missed", action="store_true")
options.add_argument("--keep")
options = options.parse_args()
rnd = random.Random(options.seed)
LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
AN, HEX, B64 = LOWER + UPPER + DIGITS, DIGITS + "abcdef", LOWER + UPPER + DIGITS + "+/"


def r(count, of=AN):
    return "".join(rnd.choice(of) for _ in range(count))


def url(count):
    return r(1) + r(count - 2, AN + "_-") + r(1)


def password():
    return r(3, UPPER) + r(6, LOWER) + r(4, DIGITS) + rnd.choice("!%*_-") + r(4)


def uuid():
    return "-".join(r(n, HEX) for n in (8, 4, 4, 4, 12))


def program(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()


def ssh(kind, *more):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *more, "-f", folder + "/k"], check=True)
        return open(folder + "/k").read()


def jwt():
    part = lambda data: base64.urlsafe_b64encode(json.dumps(data).replace(" ", "").encode()).decode().rstrip("=")
    return part({"alg": "HS256", "typ": "JWT"}) + "." + part({"sub": r(10), "role": "service_role", "iat": 1700000000}) + "." + url(43)


# Families of tokens: a name that a setting of it has, and a value.
TOKENS = {
    "aws access key": ("AWS_ACCESS_KEY_ID", lambda: "AK" + "IA" + r(16, UPPER + "234567")),
    "aws secret key": ("AWS_SECRET_ACCESS_KEY", lambda: r(40, B64)),
    "aws session token": ("AWS_SESSION_TOKEN", lambda: "IQoJb3JpZ2luX2Vj" + "E" + r(4, B64) + "/" * 10 + r(300, B64)),
    "github token": ("GITHUB_TOKEN", lambda: "gh" + "p_" + r(36)),
    "github fine-grained": ("GITHUB_PAT", lambda: "github" + "_pat_" + r(22) + "_" + r(59)),
    "gitlab token": ("GITLAB_TOKEN", lambda: "gl" + "pat-" + url(20)),
    "npm token": ("NPM_TOKEN", lambda: "np" + "m_" + r(36)),
    "pypi token": ("TWINE_PASSWORD", lambda: "py" + "pi-AgEIcHlwaS5vcmc" + url(150)),
    "openai key": ("OPENAI_API_KEY", lambda: "sk-" + "proj-" + url(74) + "T3Blbk" + "FJ" + url(74)),
    "anthropic key": ("ANTHROPIC_API_KEY", lambda: "sk-" + "ant-api03-" + url(93) + "AA"),
    "hugging face": ("HF_TOKEN", lambda: "h" + "f_" + r(34, LOWER + UPPER)),
    "slack bot": ("SLACK_BOT_TOKEN", lambda: "xo" + "xb-" + r(12, DIGITS) + "-" + r(12, DIGITS) + "-" + r(24)),
    "slack webhook": ("SLACK_WEBHOOK", lambda: "https://hooks.sl" + "ack.com/services/T" + r(9, UPPER + DIGITS) + "/B" + r(9, UPPER + DIGITS) + "/" + r(24)),
    "stripe live": ("STRIPE_SECRET_KEY", lambda: "sk" + "_live_" + r(40)),
    "sendgrid": ("SENDGRID_API_KEY", lambda: "S" + "G." + url(22) + "." + url(43)),
    "twilio": ("TWILIO_AUTH_TOKEN", lambda: r(32, HEX)),
    "azure storage": ("AZURE_STORAGE_CONNECTION_STRING", lambda: "DefaultEndpointsProtocol=https;AccountName=acme;Account" + "Key=" + r(86, B64) + "==;EndpointSuffix=core.windows.net"),
    "azure client": ("AZURE_CLIENT_SECRET", lambda: r(3) + "8" + "Q~" + url(34)),
    "google oauth": ("GOOGLE_CLIENT_SECRET", lambda: "GOC" + "SPX-" + url(28)),
    "digitalocean": ("DIGITALOCEAN_TOKEN", lambda: "dop" + "_v1_" + r(64, HEX)),
    "cloudflare": ("CLOUDFLARE_API_TOKEN", lambda: url(40)),
    "databricks": ("DATABRICKS_TOKEN", lambda: "da" + "pi" + r(32, HEX)),
    "datadog": ("DD_API_KEY", lambda: r(32, HEX)),
    "telegram": ("TELEGRAM_BOT_TOKEN", lambda: r(10, DIGITS) + ":A" + "A" + url(33)),
    "mailchimp": ("MAILCHIMP_API_KEY", lambda: r(32, HEX) + "-u" + "s21"),
    "vault": ("VAULT_TOKEN", lambda: "hv" + "s." + url(95)),
    "docker hub": ("DOCKERHUB_TOKEN", lambda: "dckr" + "_pat_" + url(27)),
    "jwt": ("SUPABASE_SERVICE_ROLE_KEY", jwt),
    "airtable": ("AIRTABLE_TOKEN", lambda: "pa" + "t" + r(14) + "." + r(64, HEX)),
    "nvidia": ("NVIDIA_API_KEY", lambda: "nv" + "api-" + url(64)),
    "okta": ("OKTA_API_TOKEN", lambda: "0" + "0" + url(40)),
    "snyk": ("SNYK_TOKEN", uuid),
    "heroku": ("HEROKU_API_KEY", uuid),
    "algolia admin": ("ALGOLIA_ADMIN_KEY", lambda: r(32, HEX)),
    "django": ("SECRET_KEY", lambda: "django" + "-insecure-" + r(30, LOWER + DIGITS + "!@#%^&*_-+") + r(20)),
    "flask hex": ("FLASK_SECRET_KEY", lambda: r(64, HEX)),
    "password": ("DB_PASSWORD", password),
    "smtp pass": ("SMTP_PASS", password),
    "client secret": ("clientSecret", lambda: r(40)),
    "camel password": ("dbPassword", password),
    "postgres address": ("DATABASE_URL", lambda: "postgresql+asyncpg" + "://app:" + r(16) + "@db.internal:5432/app"),
    "mongodb address": ("MONGO_URL", lambda: "mongodb+srv" + "://app:" + r(16) + "@cluster0.abcde.mongodb.net/app"),
    "amqp address": ("CELERY_BROKER_URL", lambda: "amqps" + "://app:" + r(16) + "@mq.internal:5671//"),
    "ado.net": ("ConnectionStrings__Default", lambda: "Server=db.internal;Database=app;User Id=app;Password=" + r(16) + ";"),
    "jdbc": ("SPRING_DATASOURCE_URL", lambda: "jdbc:postgresql://db.internal/app?user=app&password=" + r(16)),
}
KEYS = {
    "openssh ed25519": lambda: ssh("ed25519", "-N", ""),
    "openssh rsa": lambda: ssh("rsa", "-b", "2048", "-N", ""),
    "openssh ecdsa": lambda: ssh("ecdsa", "-N", ""),
    "openssh encrypted": lambda: ssh("ed25519", "-N", r(12)),
    "pkcs1 rsa": lambda: ssh("rsa", "-b", "2048", "-m", "PEM", "-N", ""),
    "pkcs1 encrypted": lambda: ssh("rsa", "-b", "2048", "-m", "PEM", "-N", r(12)),
    "pkcs8 rsa": lambda: program("openssl", "genpkey", "-algorithm", "RSA"),
    "pkcs8 ed25519": lambda: program("openssl", "genpkey", "-algorithm", "ED25519"),
    "pkcs8 encrypted": lambda: program("openssl", "genpkey", "-algorithm", "RSA", "-aes256", "-pass", "pass:" + r(9)),
    "sec1 ec": lambda: program("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout"),
    "pgp": lambda: "-----BEGIN PGP PRI" + "VATE KEY BLOCK-----\nVersion: GnuPG v2\n\nlQOYB" + "\n".join(r(64, B64) for _ in range(20)) + "\n=" + r(4) + "\n-----END PGP PRI" + "VATE KEY BLOCK-----\n",
}
OTHER_KEYS = {
    "putty": lambda: "PuTTY-User-Key" + "-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\n" + r(64, B64) + "\n" + r(44, B64) + "\nPrivate-" + "Lines: 1\n" + r(48, B64) + "\nPrivate-MAC: " + r(64, HEX) + "\n",
    "ssh2": lambda: "---- BEGIN SSH2 ENCRYPTED PRI" + "VATE KEY ----\nComment: \"x\"\n" + "\n".join(r(64, B64) for _ in range(8)) + "\n---- END SSH2 ENCRYPTED PRI" + "VATE KEY ----\n",
    "openvpn": lambda: "-----BEGIN OpenVPN Static" + " key V1-----\n" + "\n".join(r(32, HEX) for _ in range(16)) + "\n-----END OpenVPN Static key V1-----\n",
    "wireguard": lambda: "[Interface]\nAddress = 10.0.0.1/24\nPrivate" + "Key = " + r(43, B64) + "=\n",
    "jwk ec": lambda: json.dumps({"kty": "EC", "crv": "P-256", "x": url(43), "y": url(43), "d": url(43)}),
    "jwk rsa": lambda: json.dumps({"kty": "RSA", "n": url(342), "e": "AQAB", "d": url(342), "p": url(171), "q": url(171), "dp": url(171), "dq": url(171), "qi": url(171)}),
    "bare pkcs8": lambda: "private_key: " + "".join(KEYS["pkcs8 rsa"]().split("\n")[1:-2]) + "\n",
    "age": lambda: "# created: 2026\nAGE-SECRET" + "-KEY-1" + r(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L") + "\n",
}


def camel(name):
    if "_" not in name:
        return name
    words = name.lower().split("_")
    return words[0] + "".join(w.capitalize() for w in words[1:])


def sqlite(rows):
    with tempfile.TemporaryDirectory() as folder:
        base = sqlite3.connect(folder + "/d")
        base.execute("create table settings (%s)" % ", ".join("c%d text" % i for i in range(len(rows[0]))))
        base.executemany("insert into settings values (%s)" % ", ".join("?" * len(rows[0])), rows)
        base.commit()
        base.close()
        return open(folder + "/d", "rb").read()


def msgpack(name, value):
    def text(s):
        b = s.encode()
        return (bytes([0xA0 | len(b)]) if len(b) < 32 else bytes([0xD9, len(b)]) if len(b) < 256 else b"\xda" + len(b).to_bytes(2, "big")) + b
    return b"\x83" + text("id") + b"\x07" + text(name) + text(value) + text("z") + b"\x61"


def protobuf(name, value):
    def field(number, s):
        b, n, size = s.encode(), len(s.encode()), b""
        while n > 127:
            size += bytes([n & 127 | 128])
            n >>= 7
        return bytes([number << 3 | 2]) + size + bytes([n]) + b
    return field(1, name) + field(2, value) + field(8, "more") + b"\x48\x01"


def pyc(name, value):
    import marshal
    return b"\xcb\x0d\x0d\x0a" + bytes(12) + marshal.dumps(compile("%s = %r\nPORT = 8000\n" % (re.sub(r"\W", "_", name), value), "settings.py", "exec"))


TEXT = {  # place: file name, content from name and value
    "python": ("settings.py", lambda n, v: "import os\n\nDEBUG = False\n%s = %r\nPORT = 8000\n" % (n, v)),
    "python annotated": ("config.py", lambda n, v: "class Settings(BaseSettings):\n    %s: str = \"%s\"\n    debug: bool = False\n" % (n.lower() if "_" in n else n, v)),
    "python default": ("db.py", lambda n, v: "import os\nvalue = os.getenv(\"%s\", \"%s\")\n" % (n, v)),
    "python environ": ("env.py", lambda n, v: "os.environ[\"%s\"] = '%s'\n" % (n, v)),
    "javascript": ("config.js", lambda n, v: "module.exports = {\n  port: 3000,\n  %s: '%s',\n};\n" % (camel(n), v)),
    "javascript default": ("lib.js", lambda n, v: "const value = process.env.%s || \"%s\";\n" % (n, v)),
    "typescript": ("config.ts", lambda n, v: "export const %s: string = `%s`;\n" % (camel(n), v)),
    "bundle": (".next/server/chunks/12.js", lambda n, v: "(()=>{\"use strict\";let e={port:3e3,%s:\"%s\",a:!0};module.exports=e})();" % (camel(n), v)),
    "source map": (".next/static/chunks/12.js.map", lambda n, v: json.dumps({"version": 3, "sourcesContent": ["const a = {%s: \"%s\"};\n" % (camel(n), v)]})),
    "json": ("appsettings.json", lambda n, v: json.dumps({"Logging": {"Level": "info"}, n: v}, indent=2)),
    "yaml": ("config.yaml", lambda n, v: "server:\n  port: 80\n  %s: %s\n" % (n.lower() if "_" in n else n, v)),
    "kubernetes": ("deploy.yml", lambda n, v: "env:\n  - name: PORT\n    value: \"80\"\n  - name: %s\n    value: \"%s\"\n" % (n, v)),
    "toml": ("settings.toml", lambda n, v: "[app]\nport = 80\n%s = \"%s\"\n" % (n.lower() if "_" in n else n, v)),
    "ini": ("app.ini", lambda n, v: "[app]\nport = 80\n%s = %s\n" % (n.lower() if "_" in n else n, v)),
    "properties": ("application.properties", lambda n, v: "server.port=80\napp.%s=%s\n" % (n.lower().replace("_", "-") if "_" in n else n, v)),
    "shell": ("start.sh", lambda n, v: "#!/bin/sh\nset -e\nexport %s='%s'\nexec /app/run\n" % (n, v)),
    "compose": ("docker-compose.yml", lambda n, v: "services:\n  web:\n    environment:\n      - PORT=80\n      - %s=%s\n" % (n, v)),
    "xml": ("web.config", lambda n, v: "<appSettings>\n  <add key=\"%s\" value=\"%s\" />\n</appSettings>\n" % (n, v.replace("&", "&amp;"))),
    "utf-16": ("deploy.ps1", lambda n, v: ("\ufeff$env:%s = \"%s\"\r\n" % (n, v)).encode("utf-16-le")),
    "bytecode": ("__pycache__/settings.cpython-311.pyc", pyc),
    "pickle": ("state.pkl", lambda n, v: pickle.dumps({"id": 7, n: v, "z": 1}, protocol=4)),
    "msgpack": ("state.msgpack", msgpack),
    "protobuf": ("state.pb", protobuf),
    "sqlite": ("app.sqlite3", lambda n, v: sqlite([("id", "seven"), (n, v)])),
}
KEY_TEXT = {
    "file": ("deploy_key", lambda k: k),
    "crlf": ("key.txt", lambda k: k.replace("\n", "\r\n")),
    "json": ("keys.json", lambda k: json.dumps({"id": 1, "key": k})),
    "python": ("key.py", lambda k: "KEY = \"\"\"" + k + "\"\"\"\n"),
    "python lines": ("key2.py", lambda k: "KEY = (\n" + "".join("    \"%s\\n\"\n" % l for l in k.split("\n")[:-1]) + ")\n"),
    "one line": ("key.env.txt", lambda k: "SSH_KEY=\"" + k.replace("\n", "\\n") + "\"\n"),
    "yaml": ("values.yaml", lambda k: "key: |\n" + "".join("  " + l + "\n" for l in k.split("\n")[:-1])),
    "source map": ("a.js.map", lambda k: json.dumps({"sourcesContent": ["const k = `" + k + "`"]})),
    "base64": ("kubeconfig.yaml", lambda k: "users:\n- user:\n    client-key-data: " + base64.b64encode(k.encode()).decode() + "\n"),
    "utf-16": ("key.ps1.txt", lambda k: ("\ufeff" + k).encode("utf-16-le")),
    "sqlite": ("keys.db", lambda k: sqlite([("main", k)])),
    "bytecode": ("__pycache__/key.cpython-311.pyc", lambda k: pyc("KEY", k)),
}
CONFIG = {  # places that are no file: what the image's configuration gets
    "env": lambda n, v: {"Env": ["PATH=/bin", "%s=%s" % (n, v)]},
    "label": lambda n, v: {"Labels": {"com.acme." + n.lower().replace("_", "-"): v}},
    "command": lambda n, v: {"Cmd": ["/app/run", "--%s=%s" % (n.lower().replace("_", "-"), v)]},
    "health check": lambda n, v: {"Healthcheck": {"Test": ["CMD-SHELL", "%s='%s' /app/healthy" % (n, v)]}},
    "onbuild": lambda n, v: {"OnBuild": ["ENV %s=%s" % (n, v.replace(" ", "\\ "))]},
    "run": lambda n, v: "RUN /bin/sh -c export %s='%s' && make # buildkit" % (n, v),
    "run argument": lambda n, v: "RUN |1 %s=%s /bin/sh -c make # buildkit" % (n, v),
    "run echo": lambda n, v: "RUN /bin/sh -c echo \"%s=%s\" >> /app/.settings # buildkit" % (n, v),
    "run flag": lambda n, v: "RUN /bin/sh -c /app/setup --%s '%s' # buildkit" % (n.lower().replace("_", "-"), v),
    "arg": lambda n, v: "ARG %s=%s" % (n, v),
    "here document": lambda n, v: "RUN <<EOF (set -e...)\nset -e\nexport %s='%s'\nmake\nEOF # buildkit" % (n, v),
}

plants = []  # family, place, path or none, content or none, value for masks
for family, (name, make) in TOKENS.items():
    for place, (file, wrap) in TEXT.items():
        value = make()
        content = wrap(name, value)
        path = "app/p%d/%s" % (len(plants), file)
        plants.append((family, place, path, content if isinstance(content, bytes) else content.encode(), value))
    for place, wrap in CONFIG.items():
        value = make()
        plants.append((family, place, None, wrap(name, value), value))
for family, make in KEYS.items():
    for place, (file, wrap) in KEY_TEXT.items():
        content = wrap(make())
        path = "app/p%d/%s" % (len(plants), file)
        plants.append((family, "key in " + place, path, content if isinstance(content, bytes) else content.encode(), None))
for family, make in OTHER_KEYS.items():
    for place in ("file", "json", "utf-16", "crlf"):
        content = KEY_TEXT[place][1](make())
        path = "app/p%d/%s" % (len(plants), KEY_TEXT[place][0])
        plants.append((family, "key in " + place, path, content if isinstance(content, bytes) else content.encode(), None))
der = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-outform", "DER"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
plants.append(("der", "key in file", "app/p%d/key.bin" % len(plants), der, None))

folder = options.keep or tempfile.mkdtemp(prefix="secret-plants-")
os.makedirs(folder, exist_ok=True)
os.environ["XDG_CACHE_HOME"] = folder + "/cache"


def archive(path, files, config, history=None):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, data in [("app/run", b"#!/bin/sh\n")] + files:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    layer = layer.getvalue()
    raw = json.dumps({"architecture": "amd64", "os": "linux", "config": {"User": "10001:10001", "Cmd": ["/app/run"], **config},
                      "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
                      "history": [{"created_by": "ADD rootfs.tar /"}] + [{"created_by": h, "empty_layer": True} for h in history or []]}).encode()
    with tarfile.open(path, "w") as tar:
        manifest = json.dumps([{"Config": "c.json", "RepoTags": ["plants:1"], "Layers": ["l.tar"]}]).encode()
        for name, data in (("l.tar", layer), ("c.json", raw), ("manifest.json", manifest)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def findings(path):
    out = subprocess.run([options.forge, "check", path, "--format", "json", "--max-size", "50GB"], stdout=subprocess.PIPE).stdout
    found = []

    def walk(node):
        if isinstance(node, dict):
            if "message" in node and "severity" in node:
                found.append((node.get("id") or node.get("rule"), node.get("location") or ""))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(json.loads(out))
    return found


hits, shown, tries = set(), [], 0
archive(folder + "/files.tar", [(p[2], p[3]) for p in plants if p[2]], {})
paths = {re.sub(r":\d+$", "", where.split(": ", 1)[-1]) for rule, where in findings(folder + "/files.tar") if rule in ("FORGE-I009", "FORGE-I010")}
hits |= {i for i, p in enumerate(plants) if p[2] in paths}
# Of what is no file, one plant of each place at a time.
steps = [(i, p) for i, p in enumerate(plants) if not p[2] and isinstance(p[3], str)]
archive(folder + "/steps.tar", [], {}, [p[3] for _, p in steps])
where = {w for rule, w in findings(folder + "/steps.tar") if rule == "FORGE-I008"}
hits |= {i for number, (i, _) in enumerate(steps) if "history[%d]" % (number + 1) in where}
text = subprocess.run([options.forge, "inspect", folder + "/steps.tar", "--json"], stdout=subprocess.PIPE).stdout.decode()
shown += [p for _, p in steps if p[4] in text or json.dumps(p[4])[1:-1] in text]
settings = collections.defaultdict(list)
for i, p in enumerate(plants):
    if not p[2] and isinstance(p[3], dict):
        settings[p[0]].append((i, p))
for group in settings.values():
    for i, p in group:
        archive(folder + "/one.tar", [], p[3])
        if any(rule in ("FORGE-I008",) for rule, _ in findings(folder + "/one.tar")):
            hits.add(i)
        if p[4] in subprocess.run([options.forge, "inspect", folder + "/one.tar", "--json"], stdout=subprocess.PIPE).stdout.decode():
            shown.append(p)

others = None
if options.detect_secrets:
    tree = folder + "/tree"
    for i, p in enumerate(plants):
        path = os.path.join(tree, p[2] or "config/p%d.txt" % i)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = p[3] if p[2] else p[3] if isinstance(p[3], str) else json.dumps(p[3], indent=1)
        open(path, "wb").write(data if isinstance(data, bytes) else data.encode())
    out = subprocess.run([options.detect_secrets, "scan", "--all-files", "."], stdout=subprocess.PIPE, cwd=tree).stdout
    names = {os.path.normpath(name) for name in json.loads(out)["results"]}
    others = {i for i, p in enumerate(plants) if (p[2] or "config/p%d.txt" % i) in names}


def table(title, column):
    print("\n| %s | planted | forge |%s" % (title, " detect-secrets |" if others is not None else ""))
    print("|---|---|---|%s" % ("---|" if others is not None else ""))
    groups = collections.OrderedDict()
    for i, p in enumerate(plants):
        groups.setdefault(p[column], []).append(i)
    for name, members in list(groups.items()) + [("**all**", range(len(plants)))]:
        print("| %s | %d | %d |%s" % (name, len(members), sum(i in hits for i in members), " %d |" % sum(i in others for i in members) if others is not None else ""))


table("family", 0)
table("place", 1)
print("\nvalues that inspect --json shows in the clear: %d" % len(shown))
if options.missed:
    for i, p in enumerate(plants):
        if i not in hits:
            print("missed:", p[0], "|", p[1], "|", p[2] or "", "|", str(p[3])[:90])
    for p in shown:
        print("shown:", p[0], "|", p[1])
if not options.keep:
    shutil.rmtree(folder)
sys.exit(0 if len(hits) * 100 >= 95 * len(plants) else 1)

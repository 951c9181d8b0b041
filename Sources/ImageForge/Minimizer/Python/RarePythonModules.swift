/// Modules that others name although few programs use them. What only functions of the standard library or of their own
/// distribution import, or a string names, does not reach them; an import statement anywhere else does, or a word that
/// tells of a use (`make_archive` of `tarfile`).
enum RarePythonModules {
  struct Rule {
    /// The module, with all below it.
    var module: String
    /// Words in sources outside of the standard library and of its own distribution, each of which reaches it.
    var words: Set<String> = []
    /// It serves programs only where one of these modules is there; then it is a module like others.
    var drivers: Set<String> = []
    /// Functions of this module alone need it, and they run only where a source outside of its distribution imports
    /// that module or the distribution's top. Everything else reaches it as it reaches others.
    var client: String?
    /// The standard library does without it where it is missing: what its own modules import at once, or name, does
    /// not reach it.
    var isOptional = false

    /// Whether a source outside of the distribution says, by what it imports, that these functions run.
    func isUsed(by modules: Set<String>) -> Bool {
      guard let client else { return false }
      let top = client.prefix { $0 != "." }
      return modules.contains { $0 == top || $0 == client || $0.hasPrefix(client + ".") }
    }
  }

  private static func terminal(_ names: String) -> [Rule] {
    names.split(separator: " ").map { Rule(module: String($0)) }
  }

  static let rules: [String: Rule] = {
    // What people use at a terminal, test with or measure with; and what only `shelve` needs.
    var rules = terminal(
      """
      pydoc pydoc_data pdb bdb _pyrepl rlcompleter readline curses _curses _curses_panel doctest idlelib code cmd \
      turtle tkinter _tkinter turtledemo test ensurepip venv shelve dbm _dbm _gdbm unittest optparse profile cProfile \
      pstats trace timeit statistics mailbox wave compileall filecmp webbrowser _osx_support _ios_support \
      _android_support _aix_support lib2to3 wsgiref
      """)
    rules += terminal(
      "asyncio.__main__ asyncio.windows_events asyncio.windows_utils asyncio.proactor_events")
    rules += [
      Rule(module: "tarfile", words: ["make_archive", "unpack_archive"]),
      // `zipfile`, `shutil` and the codec of that name catch their absence.
      Rule(
        module: "bz2",
        words: archives.union(["bz2", "bzip2", "bz2_codec", "bz2-codec", "BZ2File"]),
        isOptional: true),
      Rule(module: "lzma", words: archives.union(["lzma", "xz", "LZMAFile"]), isOptional: true),
      Rule(module: "smtplib", words: ["SMTPHandler"]),
      Rule(
        module: "multiprocessing.managers",
        words: ["Manager", "SyncManager", "BaseManager", "QueueHandler"]),
      Rule(module: "difflib", words: ["HtmlDiff"]),
      Rule(module: "xmlrpc", words: ["XmlListener", "XmlClient"]),
      // Compiled programs of cffi load `_cffi_backend` alone.
      Rule(module: "cffi"), Rule(module: "pycparser"),
      // What a client of MCP checks answers with; servers import of `mcp` its server alone.
      Rule(module: "jsonschema", client: "mcp.client"),
      Rule(module: "referencing", client: "mcp.client"),
      Rule(
        module: "sqlalchemy.ext.asyncio",
        words: [
          "create_async_engine", "AsyncSession", "async_sessionmaker", "async_scoped_session",
        ]),
      Rule(module: "sqlalchemy.testing"), Rule(module: "sqlalchemy.util.tool_support"),
      Rule(module: "jsonschema.benchmarks"),
      Rule(module: "pydantic.mypy", drivers: ["mypy"]),
      Rule(module: "pydantic.v1.mypy", drivers: ["mypy"]),
      Rule(module: "pydantic.v1._hypothesis_plugin", drivers: ["hypothesis"]),
      Rule(module: "anyio._backends._trio", drivers: ["trio"]),
      Rule(
        module: "sqlalchemy.dialects.mysql",
        drivers: [
          "MySQLdb", "pymysql", "mysql", "mariadb", "asyncmy", "aiomysql", "cymysql", "pyodbc",
          "aioodbc",
        ]),
      Rule(
        module: "sqlalchemy.dialects.mssql",
        drivers: ["pyodbc", "pymssql", "aioodbc", "mssql_python"]),
      Rule(module: "sqlalchemy.dialects.oracle", drivers: ["oracledb", "cx_Oracle"]),
    ]
    // Tables of characters: by the names of the encodings.
    let east = words(eastAsian)
    for name in [
      "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw",
    ] {
      rules.append(Rule(module: name, words: east))
    }
    for name in eastAsian { rules.append(Rule(module: "encodings." + name, words: east)) }
    for name in codePages { rules.append(Rule(module: "encodings." + name, words: words([name]))) }
    return Dictionary(rules.map { ($0.module, $0) }, uniquingKeysWith: { first, _ in first })
  }()

  /// The ways in which encodings are written. Other things are called `hz`.
  private static func words(_ names: [String]) -> Set<String> {
    let all = names.filter { $0 != "hz" }.flatMap {
      [$0, $0.replacing("_", with: "-"), $0.replacing("cp", with: "ibm")]
    }
    return Set(all + all.map { $0.uppercased() })
  }

  /// Ways to archives that may be compressed in any way.
  private static let archives: Set<String> = [
    "zipfile", "ZipFile", "tarfile", "TarFile", "make_archive", "unpack_archive", "fileinput",
    "FileInput",
    "hook_compressed",
  ]

  /// The modules of optional rules.
  static let optional = Set(rules.values.filter(\.isOptional).map(\.module))

  /// Packages that list all encodings, whichever are used.
  static let tables: Set<String> = ["psycopg", "psycopg2", "idna"]

  /// What DOS, mainframes and old computers of Apple wrote in; what the web does stays (Encoding Standard, section 4.2).
  static let codePages = [
    "cp037", "cp273", "cp424", "cp500", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855",
    "cp856", "cp857", "cp858",
    "cp860", "cp861", "cp862", "cp863", "cp864", "cp865", "cp869", "cp875", "cp1006", "cp1026",
    "cp1125", "cp1140",
    "hp_roman8", "kz1048", "mac_arabic", "mac_croatian", "mac_farsi", "mac_greek", "mac_iceland",
    "mac_latin2",
    "mac_romanian", "mac_turkish", "palmos", "ptcp154",
  ]

  static let eastAsian = [
    "big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jis_2004", "euc_jisx0213", "euc_jp",
    "euc_kr", "gb18030",
    "gb2312", "gbk", "hz", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004",
    "iso2022_jp_3",
    "iso2022_jp_ext", "iso2022_kr", "johab", "shift_jis", "shift_jis_2004", "shift_jisx0213",
  ]

  static let triggers: Set<String> = rules.values.reduce(into: []) { $0.formUnion($1.words) }

  /// Modules in Python that stand in for one in C where that is missing.
  static let twins = [
    "_pydecimal": "_decimal", "_pydatetime": "_datetime", "_pyio": "_io", "_py_abc": "_abc",
  ]

  /// The rule that a module falls under.
  static func rule(of name: String) -> Rule? {
    var part = name[...]
    while true {
      if let rule = rules[String(part)] { return rule }
      guard let dot = part.lastIndex(of: ".") else { return nil }
      part = part[..<dot]
    }
  }
}

import ForgeBasics
import Foundation

@testable import ForgeSyntax

/// Python's own `ast`, as the judge of our parser.
enum PythonOracle {
  /// Prints one line for each fact: import, assignment of a call, class, function, call with its arguments.
  private static let script = #"""
    import ast, sys
    def dotted(node):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        return ".".join([node.id] + parts[::-1]) if isinstance(node, ast.Name) else "?"
    for path in sys.argv[1:]:
        print("FILE", path)
        facts = []
        tree = ast.parse(open(path, "rb").read())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                facts.append(f"import {node.lineno} " + ",".join(f"{n.name}={n.asname or ''}" for n in node.names))
            elif isinstance(node, ast.ImportFrom):
                names = ",".join(f"{n.name}={n.asname or ''}" for n in node.names)
                facts.append(f"from {node.lineno} {'.' * node.level}{node.module or ''} {names}")
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                line = min([node.lineno] + [d.lineno for d in node.decorator_list])
                a = node.args
                count = len(a.posonlyargs + a.args + a.kwonlyargs) + bool(a.vararg) + bool(a.kwarg)
                kind = "async" if isinstance(node, ast.AsyncFunctionDef) else "def"
                decorators = ",".join(dotted(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list)
                facts.append(f"{kind} {node.name} {count} {decorators}")
            elif isinstance(node, ast.ClassDef):
                decorators = ",".join(dotted(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list)
                facts.append(f"class {node.name} {','.join(map(dotted, node.bases))} {len(node.body)} {decorators}")
            elif isinstance(node, ast.Call):
                keys = ",".join(k.arg or "**" for k in node.keywords)
                positional = sum(not isinstance(a, ast.Starred) for a in node.args)
                name = dotted(node.func)
                facts.append(f"call {name} {node.lineno if name != '?' else 0} {len(node.args)} {positional} {keys}")
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                facts.append(f"assign {node.lineno} {','.join(map(dotted, node.targets))} {dotted(node.value.func)}")
            if isinstance(node, ast.AnnAssign):
                facts.append(f"annotated {node.lineno} {dotted(node.target)} {node.value is not None}")
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                facts.append(f"text {node.lineno} {node.value.value.encode('unicode_escape', 'replace').decode()}")
        for fact in sorted(facts):
            print(fact)
    """#

  /// The files of Python's standard library, spread over its whole breadth.
  static func standardLibrary(_ count: Int) throws -> [String] {
    let listing = try run([
      "-c",
      "import sysconfig,glob,os;r=sysconfig.get_path('stdlib');"
        + "print('\\n'.join(sorted(p for p in glob.glob(r+'/**/*.py',recursive=True) if 'lib2to3/tests' not in p "
        + "and 'site-packages' not in p and 'dist-packages' not in p and 'bad' not in os.path.basename(p))))",
    ])
    let paths = listing.split(separator: "\n").map(String.init)
    let step = max(1, paths.count / count)
    return stride(from: 0, to: paths.count, by: step).map { paths[$0] }
  }

  /// The facts of each file, sorted, as `ast` sees them.
  static func facts(of paths: [String]) throws -> [String: [String]] {
    var result: [String: [String]] = [:]
    var current = ""
    for line in try run(["-W", "ignore", "-c", script] + paths).split(
      separator: "\n", omittingEmptySubsequences: false)
    where !line.isEmpty {
      if line.hasPrefix("FILE ") {
        current = String(line.dropFirst(5))
        result[current] = []
      } else {
        result[current, default: []].append(String(line))
      }
    }
    return result
  }

  private static func run(_ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["PYTHONUTF8=1", "python3"] + arguments
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension PythonModule {
  /// The same facts as the oracle's, from our tree.
  var facts: [String] {
    var facts: [String] = []
    statements.forEachDeep { statement in
      let line = source.line(at: statement.offset)
      switch statement.kind {
      case .imports(let names):
        facts.append(
          "import \(line) \(names.map { "\($0.name)=\($0.alias ?? "")" }.joined(separator: ","))")
      case .importFrom(let level, let module, let names):
        let dots = String(repeating: ".", count: level)
        facts.append(
          "from \(line) \(dots)\(module) \(names.map { "\($0.name)=\($0.alias ?? "")" }.joined(separator: ","))"
        )
      case .function(let function):
        facts.append(
          "\(function.isAsync ? "async" : "def") \(function.name) \(function.parameters.count) "
            + function.decorators.map(decorator).joined(separator: ","))
      case .classDefinition(let type):
        let bases = type.arguments.filter { $0.name == nil && $0.stars < 2 }.map {
          $0.stars == 1 ? "?" : dotted($0.value)
        }
        facts.append(
          "class \(type.name) \(bases.joined(separator: ",")) \(count(type.body)) "
            + type.decorators.map(decorator).joined(separator: ","))
      default: break
      }
    }
    statements.forEachExpression { expression in
      guard let (function, arguments) = expression.call else { return }
      let name = dotted(function)
      let unnamed = arguments.filter { $0.name == nil && $0.stars < 2 }
      let keys = arguments.compactMap { $0.stars == 2 ? "**" : $0.name }.joined(separator: ",")
      let line = name == "?" ? 0 : source.line(at: expression.offset)
      facts.append(
        "call \(name) \(line) \(unnamed.count) \(unnamed.filter { $0.stars == 0 }.count) \(keys)")
    }
    for statement in statements {
      let line = source.line(at: statement.offset)
      switch statement.kind {
      case .assignment(let targets, let value):
        if let (function, _) = value.call {
          facts.append(
            "assign \(line) \(targets.map(dotted).joined(separator: ",")) \(dotted(function))")
        } else if let text = value.string {
          facts.append("text \(line) \(Self.escaped(text))")
        }
      case .annotated(let target, _, let value):
        facts.append("annotated \(line) \(dotted(target)) \(value == nil ? "False" : "True")")
      default: break
      }
    }
    return facts.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
  }

  private func dotted(_ expression: PythonExpression) -> String {
    expression.dotted?.joined(separator: ".") ?? "?"
  }

  private func decorator(_ expression: PythonExpression) -> String {
    dotted(expression.call?.function ?? expression)
  }

  /// Statements as `ast` counts them: the branches of one `if` or `try` are one.
  private func count(_ body: [PythonStatement]) -> Int {
    body.count { statement in
      if case .block(let keyword, _, _) = statement.kind {
        return !["elif", "else", "except", "finally"].contains(keyword)
      }
      return true
    }
  }

  /// Python's `unicode_escape`.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      let hex = String(scalar.value, radix: 16)
      return switch scalar.value {
      case 0x0A: "\\n"
      case 0x0D: "\\r"
      case 0x09: "\\t"
      case 0x5C: "\\\\"
      case 0x20..<0x7F: String(scalar)
      case 0..<0x100: "\\x" + String(repeating: "0", count: 2 - hex.count) + hex
      case 0..<0x10000: "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
      }
    }.joined()
  }
}

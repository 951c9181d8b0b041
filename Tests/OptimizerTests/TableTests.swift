import Testing

@testable import ForgeMinimizer

/// The tables in `recipes/data` that decide what goes: an unreadable one would let too much or too little go.
@Suite struct TableTests {
  @Test func everyStripSetHasItsRow() throws {
    for set in StripSet.allCases {
      let row = try #require(StripTable.shared[set], "\(set)")
      #expect(!row.summary.isEmpty)
    }
    #expect(StripSet.allCases.filter(\.isSafe) == [.caches, .docs, .man])
    let table = StripTable.shared
    let lists = [
      table.temporary, table.homeCaches, table.documents, table.licences, table.locales,
      table.testedParts, table.typings, table.staticLibraries, table.libraryRoots,
      table.pipPackages, table.setuptoolsParts, table.nodePrograms, table.nodeProgramFolders,
    ]
    for list in lists { #expect(!list.isEmpty && Set(list).count == list.count, "\(list)") }
  }

  @Test func pythonModulesAreRead() {
    let table = PythonModuleTable.shared
    #expect(table.rare.count > 130)
    #expect(table.optional == ["bz2", "lzma"])
    #expect(table.rare["referencing"]?.client == "mcp.client")
    #expect(table.rare["anyio._backends._trio"]?.drivers == ["trio"])
    #expect(table.rare["_codecs_jp"]?.words.contains("SHIFT-JIS") == true)
    #expect(table.rare["_codecs_jp"]?.words.contains("hz") == false)
    #expect(table.twins.count == 4 && table.encodingLists.count == 3)
    #expect(table.always.contains("encodings") && table.unused.contains("tkinter"))
    #expect(table.sources.count == 7 && table.sources.allSatisfy { $0.ending.hasPrefix(".") })
    #expect(!table.setuptoolsParts.isEmpty && !table.setuptoolsImports.isEmpty)
  }

  @Test func systemFoldersAreRead() {
    let folders = SystemFolders.shared
    #expect(folders.system.contains("usr") && folders.neverWhole.contains(""))
    #expect(folders.shared.allSatisfy { !$0.folder.isEmpty && !$0.filled.isEmpty })
    #expect(folders.readers.allSatisfy { !$0.path.isEmpty && !$0.programs.isEmpty })
    #expect(folders.shared.count == 7 && folders.readers.count == 15)
    for list in [folders.own, folders.opened, folders.written, folders.dynamic] {
      #expect(!list.isEmpty && list.allSatisfy { !$0.hasPrefix("/") })
    }
    #expect(folders.shells.contains("sh") && folders.bigEndian.contains("s390x"))
    #expect(folders.unknownRuntimes.contains("perl") && folders.searchVariables.contains("PATH"))
  }
}

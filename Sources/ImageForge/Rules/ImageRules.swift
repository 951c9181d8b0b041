import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeSecrets

/// The rules, by their id in the catalogue. Each is a pure function of what was found in the image.
enum ImageRules {
  static let all: [(id: FindingID, check: RuleCheck)] = [
    ("FORGE-S001", SizeRules.image),
    ("FORGE-S002", SizeRules.layers),
    ("FORGE-S003", SizeRules.paths),
    ("FORGE-S004", SizeRules.packages),
    ("FORGE-S005", SizeRules.waste),
    ("FORGE-I001", { inspection, _ in UserRules.root(inspection) }),
    ("FORGE-I002", { inspection, _ in UserRules.outOfRange(inspection) }),
    ("FORGE-I003", UserRules.unresolvable),
    ("FORGE-I004", ConfigRules.healthcheck),
    ("FORGE-I005", FileRules.leftovers("FORGE-I005")),
    ("FORGE-I005", { inspection, _ in HistoryRules.updateAlone(inspection) }),
    ("FORGE-I006", FileRules.setuid),
    ("FORGE-I007", HistoryRules.add),
    ("FORGE-I008", { inspection, _ in SecretVariables.check(inspection) }),
    ("FORGE-I009", { inspection, _ in SecretFiles.check(inspection) }),
    ("FORGE-I010", { inspection, _ in SecretContents.check(inspection) }),
    ("FORGE-I011", AccountRules.emptyPassword),
    ("FORGE-I012", AccountRules.duplicates),
    ("FORGE-I013", FileRules.sudo),
    ("FORGE-I014", ConfigRules.volumes),
    ("FORGE-I015", HistoryRules.upgrade),
    ("FORGE-I016", FileRules.leftovers("FORGE-I016")),
    ("FORGE-I017", FileRules.leftovers("FORGE-I017")),
    ("FORGE-I018", ConfigRules.tag),
    ("FORGE-I019", ConfigRules.ports),
    ("FORGE-I020", ConfigRules.workingDirectory),
    ("FORGE-I021", ConfigRules.shellForm),
    ("FORGE-I022", HistoryRules.maintainer),
    ("FORGE-I023", FileRules.needless),
    ("FORGE-I024", FileRules.worldWritable),
    ("FORGE-I025", FileRules.writableCode),
    ("FORGE-I026", FileRules.tools),
    ("FORGE-I027", FileRules.devices),
    ("FORGE-I028", FileRules.attributes),
    ("FORGE-I029", FileRules.machine),
    ("FORGE-I030", FileRules.authorities),
    ("FORGE-I031", ConfigRules.environment),
    ("FORGE-I032", ConfigRules.developmentServer),
    ("FORGE-I033", ConfigRules.onBuild),
    ("FORGE-I034", OriginRules.provenance),
    ("FORGE-I035", OriginRules.buildArguments),
    // FORGE-I036 (foreign layers): such an image cannot be read whole, and is refused before any rule.
    ("FORGE-I037", OriginRules.structure),
    ("FORGE-I038", OriginRules.layerCount),
    ("FORGE-I039", OriginRules.age),
    ("FORGE-I040", OriginRules.severalVersions),
    ("FORGE-I041", { inspection, _ in SecretContents.unread(inspection) }),
    ("FORGE-P001", Assertions.check),
    ("FORGE-P004", PolicyRules.unmatched),
  ]
}

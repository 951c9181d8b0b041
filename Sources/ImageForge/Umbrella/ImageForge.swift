// The library in one import: `import ImageForge`.
@_exported import ForgeAnalyzer
@_exported import ForgeBasics
@_exported import ForgeCatalogue
@_exported import ForgeCodebase
@_exported import ForgeEngines
@_exported import ForgeFindings
@_exported import ForgeImages
@_exported import ForgeInspection
@_exported import ForgeLayers
@_exported import ForgeLint
@_exported import ForgeMigration
@_exported import ForgeOptimizer
@_exported import ForgeRecipes
@_exported import ForgeReports
@_exported import ForgeRules
@_exported import ForgeTemplates

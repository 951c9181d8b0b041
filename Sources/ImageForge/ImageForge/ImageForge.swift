// The names of the library: what a program that imports `ImageForge` alone can spell.
import ForgeAnalyzer
import ForgeBasics
import ForgeBuilds
import ForgeCodebase
import ForgeEngines
import ForgeFindings
import ForgeInspection
import ForgeOptimizer
import ForgeRecipes
import ForgeRules
import ForgeTemplates
import ForgeWriting

// MARK: Source

/// What a codebase is: its services, and how they are connected.
public typealias Analysis = ForgeCodebase.Analysis
/// One service of a codebase: what runs it, and what it needs.
public typealias Service = ForgeCodebase.Service
/// How Dockerfiles are made.
public typealias RecipeOptions = ForgeRecipes.RecipeOptions
/// A file that was made for a service.
public typealias GeneratedFile = ForgeTemplates.GeneratedFile

// MARK: Builds

/// Builds, opens and judges the images of a folder of source.
public typealias ProjectBuilder = ForgeBuilds.ProjectBuilder
/// What a build gave.
public typealias BuildReport = ForgeBuilds.BuildReport
/// How far the build of an image is.
public typealias BuildProgress = ForgeBuilds.BuildProgress
/// The container engine that builds and stores images.
public typealias EngineChoice = ForgeEngines.EngineChoice

// MARK: Images

/// An opened image, with every file at hand.
public typealias InspectedImage = ForgeInspection.InspectedImage
/// What is in an image, and where its bytes are.
public typealias Inspection = ForgeInspection.Inspection
/// What to look at in an image.
public typealias InspectionOptions = ForgeInspection.InspectionOptions
/// What is between two images, and what it costs.
public typealias ImageDiff = ForgeInspection.ImageDiff
/// How much larger an image may become.
public typealias GrowthLimit = ForgeInspection.GrowthLimit

// MARK: The gate

/// By what images are judged.
public typealias Policy = ForgeRules.Policy
/// The sizes of images at some time.
public typealias Baseline = ForgeRules.Baseline
/// What the gate says of an image.
public typealias Verdict = ForgeRules.Verdict
/// Something that is worth a remark, with its place and what helps.
public typealias Finding = ForgeFindings.Finding
/// How severe a finding is.
public typealias Severity = ForgeFindings.Severity

// MARK: Optimization

/// Which passes make an image smaller.
public typealias OptimizationOptions = ForgeOptimizer.OptimizationOptions
/// What the passes did, in bytes.
public typealias OptimizationReport = ForgeOptimizer.OptimizationReport
/// Which image of an archive that holds several.
public typealias InspectionChoice = ForgeOptimizer.InspectionChoice
/// The form of an image on the disk.
public typealias ImageForm = ForgeWriting.ImageForm

// MARK: Errors

/// An error that says what happened, where and what to do, and knows its exit code.
public typealias ForgeError = ForgeBasics.ForgeError
/// The exit codes of every command.
public typealias ExitCode = ForgeBasics.ExitCode

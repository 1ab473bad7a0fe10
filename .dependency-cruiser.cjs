// The dependency rule (docs/architecture.md): plugins → @molecule/core only; core → nothing of ours;
// host → core; the host reaches plugins only through the manifest's dynamic import.
// A package name leads into the other package's dist/, a relative path into its sources: that tells them apart.
const OURS = "^(core|plugins|apps|test)/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "core-knows-none-of-ours",
      severity: "error",
      from: { path: "^core/(src|testing)/" },
      to: { path: "^(plugins|apps|test)/" },
    },
    {
      name: "core-sources-keep-out-of-the-test-kit",
      severity: "error",
      from: { path: "^core/src/" },
      to: { path: "^core/(testing|test)/" },
    },
    {
      name: "plugins-know-core-only",
      comment: "by its name; another plugin, the host and the inside of core are out of reach",
      severity: "error",
      from: { path: "^plugins/([^/]+)/src/" },
      to: { path: OURS, pathNot: ["^plugins/$1/src/", "^core/dist/"] },
    },
    {
      name: "host-knows-core-only",
      comment: "plugins come by the manifest",
      severity: "error",
      from: { path: "^apps/host/src/" },
      to: { path: OURS, pathNot: ["^apps/host/src/", "^core/dist/"] },
    },
    {
      name: "other-apps-stand-alone",
      comment: "the demo agent and the canvas talk HTTP",
      severity: "error",
      from: { path: "^apps/(?!host/)([^/]+)/src/" },
      to: { path: OURS, pathNot: "^apps/$1/src/" },
    },
    {
      name: "tests-know-their-package-core-and-the-support",
      severity: "error",
      from: { path: "^((?:core|plugins/[^/]+|apps/[^/]+))/test/" },
      to: { path: OURS, pathNot: ["^$1/", "^core/dist/", "^test/dist/support/"] },
    },
    {
      name: "cross-package-tests-use-no-insides",
      comment: "what crosses packages is tested from outside",
      severity: "error",
      from: { path: "^test/" },
      to: { path: "^(core|plugins|apps)/", pathNot: "^core/dist/" },
    },
    {
      name: "no-cycles",
      comment: "a circular import crashes at load with decorated classes; types alone do no harm",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "(^|/)dist/"] },
    exclude: { path: ["(^|/)dist-test/"] },
    // What does not resolve is tsc's and knip's to report.
    includeOnly: { path: ["^core/", "^plugins/", "^apps/", "^test/"] },
    tsConfig: { fileName: "tsconfig.base.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      mainFields: ["main"],
    },
  },
};

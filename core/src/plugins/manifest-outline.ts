/** The parts of a manifest that relate to one another, as far as they are readable. */
export interface ManifestOutline {
  readonly plugins: readonly PluginOutline[];
  readonly templates: readonly TemplateOutline[];
}

interface PluginOutline {
  readonly name: string | undefined;
  readonly module: string | undefined;
  readonly after: readonly string[];
  readonly before: readonly string[];
  readonly stage: string | undefined;
  readonly isolation: string | undefined;
  readonly hasMemoryMb: boolean;
}

interface TemplateOutline {
  readonly name: string | undefined;
  readonly hasImage: boolean;
  readonly hasCommand: boolean;
  readonly hasBuild: boolean;
  /** The folder to build in. */
  readonly context: string | undefined;
}

/** Reads the outline of anything; what has the wrong shape is left out, and keeps its place in its list. */
export function outlineOf(manifest: unknown): ManifestOutline {
  const root = asRecord(manifest);
  return {
    plugins: asArray(root.plugins).map((each) => {
      const { name, module, after, before, stage, isolation, memoryMb } = asRecord(each);
      return {
        name: asText(name),
        module: asText(module),
        after: asTexts(after),
        before: asTexts(before),
        stage: asText(stage),
        isolation: asText(isolation),
        hasMemoryMb: memoryMb !== undefined,
      };
    }),
    templates: asArray(root.workspace_templates).map((each) => {
      const { name, image, command, build } = asRecord(each);
      return {
        name: asText(name),
        hasImage: image !== undefined,
        hasCommand: command !== undefined,
        hasBuild: build !== undefined,
        context: asText(asRecord(build).context),
      };
    }),
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function asTexts(value: unknown): readonly string[] {
  return asArray(value).filter((each) => typeof each === "string");
}

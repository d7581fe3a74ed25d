using System.Reflection;

namespace IterableAudience.Hosting;

/// <param name="Version">The version of the release.</param>
/// <param name="Commit">The commit that it was built from, or <c>unknown</c>.</param>
/// <param name="Build">Identifies the build: other code, another value.</param>
internal sealed record ServiceVersion(string Version, string Commit, string Build)
{
    public static readonly ServiceVersion Current = Read(typeof(ServiceVersion).Assembly);

    /// <summary>The SDK writes <c>version+commit</c> into the informational version.</summary>
    private static ServiceVersion Read(Assembly assembly)
    {
        var parts = (assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);
        return new(parts[0], parts.Length > 1 ? parts[1] : "unknown", assembly.ManifestModule.ModuleVersionId.ToString("N"));
    }
}

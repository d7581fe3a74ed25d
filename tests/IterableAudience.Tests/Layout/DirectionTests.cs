using System.Text.RegularExpressions;
using Xunit;

namespace IterableAudience.Tests.Layout;

/// <summary>Who may know whom in the service: read from the using lines and the qualified names of its sources.</summary>
public sealed partial class DirectionTests
{
    private const string Service = "src/IterableAudience";

    /// <summary>The folders that each folder may use, besides itself. Only the console uses Syncs, and nobody the console; Program uses all.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Records"] = [],
        ["Schedules"] = [],
        ["Hosting"] = [],
        ["Iterable"] = ["Records"],
        ["Store"] = ["Hosting"],
        ["Warehouses"] = ["Hosting"],
        ["Accounts"] = ["Hosting", "Iterable", "Records", "Store", "Warehouses"],
        ["Sources"] = ["Accounts", "Hosting", "Records", "Store", "Warehouses"],
        ["Destinations"] = ["Accounts", "Hosting", "Store"],
        ["Connections"] = ["Accounts", "Hosting", "Iterable", "Records", "Schedules", "Store"],
        ["Syncs"] = ["Accounts", "Connections", "Hosting", "Iterable", "Records", "Sources", "Store", "Warehouses"],
        ["Console"] = ["Accounts", "Connections", "Destinations", "Hosting", "Iterable", "Records", "Schedules", "Sources", "Store", "Syncs", "Warehouses"],
    };

    /// <summary>Single files that may look the other way, and why.</summary>
    private static readonly (string File, string Uses)[] Exceptions =
    [
        // One EF context knows the entities of all slices.
        ("Store/StoreContext.cs", "Accounts"),
        ("Store/StoreContext.cs", "Connections"),
        ("Store/StoreContext.cs", "Destinations"),
        ("Store/StoreContext.cs", "Sources"),
        ("Store/StoreContext.cs", "Syncs"),

        // The entity of a connection, to find the project that it sends to.
        ("Accounts/ProjectDirectory.cs", "Connections"),

        // Members and the last sync that a connection shows; members released with a deleted one.
        ("Connections/ConnectionEndpoints.cs", "Syncs"),
        ("Connections/ConnectionView.cs", "Syncs"),
        ("Connections/ConnectionViews.cs", "Syncs"),
    ];

    [Fact]
    public void Every_folder_of_the_service_has_its_place_in_the_direction()
        => Assert.Equal(
            Allowed.Keys.Order(StringComparer.Ordinal),
            Directory.GetDirectories(Path.Combine(Repository.Root, Service))
                .Select(d => Path.GetFileName(d)!)
                .Where(d => d is not ("bin" or "obj" or "Properties") && Repository.Files($"{Service}/{d}", ".cs").Any())
                .Order(StringComparer.Ordinal));

    [Fact]
    public void No_file_uses_a_folder_against_the_direction()
        => Assert.Empty(Uses().Where(u => !Allowed[Folder(u.File)].Contains(u.Uses) && !Exceptions.Contains(u)).Select(u => $"{u.File} uses {u.Uses}"));

    [Fact]
    public void Every_exception_is_still_needed() => Assert.Empty(Exceptions.Except(Uses()));

    [Fact]
    public void Every_namespace_is_its_folder()
    {
        var wrong =
            from file in Repository.Files(Service, ".cs")
            let written = NamespaceLine().Match(Repository.Read(file)).Groups["name"].Value
            let expected = "IterableAudience." + Path.GetDirectoryName(file)!.Replace('\\', '/')[Service.Length..].Trim('/').Replace('/', '.')
            where written != (file == $"{Service}/Program.cs" ? "" : expected)
            select $"{file} is in namespace {written}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_simulator_shares_nothing_with_the_service()
    {
        Assert.DoesNotContain("ProjectReference", Repository.Read("src/IterableAudience.Simulator/IterableAudience.Simulator.csproj"), StringComparison.Ordinal);
        Assert.DoesNotContain("ProjectReference", Repository.Read($"{Service}/IterableAudience.csproj"), StringComparison.Ordinal);
    }

    /// <summary>Each file with each other folder that it uses.</summary>
    private static IEnumerable<(string File, string Uses)> Uses()
        => Repository.Files(Service, ".cs")
            .Select(f => f[(Service.Length + 1)..])
            .Where(f => f.Contains('/', StringComparison.Ordinal) && !f.StartsWith("Store/Migrations/", StringComparison.Ordinal))
            .SelectMany(f => FoldersIn(Repository.Read($"{Service}/{f}")).Where(used => used != Folder(f)).Distinct().Select(used => (f, used)));

    private static IEnumerable<string> FoldersIn(string source)
    {
        var code = Comments().Replace(Strings().Replace(source, "\"\""), "");
        return UsingLines().Matches(code).Concat(QualifiedNames().Matches(code)).Select(m => m.Groups["folder"].Value).Where(Allowed.ContainsKey);
    }

    private static string Folder(string file) => file[..file.IndexOf('/', StringComparison.Ordinal)];

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^\s*using (static )?(\w+ = )?IterableAudience\.(?<folder>\w+)", RegexOptions.Multiline)]
    private static partial Regex UsingLines();

    /// <summary>A folder's name that begins a qualified name (<c>Iterable.DataCenter</c>), and no member of something (<c>db.Syncs.Where</c>).</summary>
    [GeneratedRegex(@"(?<![.\w])(IterableAudience\.)?(?<folder>[A-Z]\w+)\.[A-Z]")]
    private static partial Regex QualifiedNames();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [GeneratedRegex("\"(\\\\.|[^\"\\\\\n])*\"")]
    private static partial Regex Strings();
}

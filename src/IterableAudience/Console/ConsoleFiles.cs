namespace IterableAudience.Console;

/// <summary>Where the pages' stylesheet, script, fonts and icons are.</summary>
internal static class ConsoleFiles
{
    /// <summary>Beside the program, from wherever it is started.</summary>
    public static WebApplicationOptions Options(string[] args)
        => new() { Args = args, WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot") };
}

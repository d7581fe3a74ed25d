namespace IterableAudience.Demo.Run;

/// <summary>Plain lines; bold and colour only where somebody looks at a terminal and hasn't set NO_COLOR.</summary>
internal static class Terminal
{
    private static readonly bool Colours = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && Environment.GetEnvironmentVariable("TERM") != "dumb";

    public static void Line(string text = "") => Console.WriteLine(text);

    public static void Title(string text)
    {
        Line();
        Line(Paint("1", text));
    }

    public static void Good(string text) => Line(Paint("32", text));

    public static void Bad(string text) => Line(Paint("31", text));

    /// <summary>A name and what belongs to it, in two columns.</summary>
    public static void Pair(string name, string value) => Line($"  {name,-28} {value}");

    private static string Paint(string code, string text) => Colours ? $"\e[{code}m{text}\e[0m" : text;
}

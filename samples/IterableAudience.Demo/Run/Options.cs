namespace IterableAudience.Demo.Run;

/// <summary>The command line of the demo; <c>scripts/demo.sh</c> fills in the paths.</summary>
/// <param name="Keep">Stay up after the check, for a look around.</param>
internal sealed record Options(string Service, string Simulator, string Samples, bool Keep)
{
    public const string Usage = "usage: demo --service <dll> --simulator <dll> --samples <folder> [--keep]   |   generate-samples [<folder>]";

    /// <summary>Null when something is missing or unknown.</summary>
    public static Options? Parse(ReadOnlySpan<string> args)
    {
        string? service = null, simulator = null, samples = null;
        var keep = false;
        while (args.Length > 0)
        {
            switch (args)
            {
                case ["--keep", ..]: keep = true; args = args[1..]; break;
                case ["--service", var path, ..]: service = path; args = args[2..]; break;
                case ["--simulator", var path, ..]: simulator = path; args = args[2..]; break;
                case ["--samples", var path, ..]: samples = path; args = args[2..]; break;
                default: return null;
            }
        }

        return service is null || simulator is null || samples is null ? null : new(service, simulator, samples, keep);
    }
}

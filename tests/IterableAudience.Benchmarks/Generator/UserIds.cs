using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Generator;

/// <summary>Makes userIds: 1 % are bad. A good one is sent as it is, whatever its case.</summary>
internal static class UserIds
{
    public const int BadPercent = 1;

    public static (string Raw, string? Exact, Reason Fault) Make(ref Draw draw, long person)
    {
        var id = $"{(draw.Chance(50) ? "cus" : "CUS")}-{person:D9}";
        if (!draw.Chance(BadPercent))
        {
            return (id, id, Reason.None);
        }

        var (raw, fault) = draw.Below(6) switch
        {
            0 => (" " + id, Reason.UserIdWhitespace),
            1 => (id + " ", Reason.UserIdWhitespace),
            2 => (id + new string('0', 53 - id.Length), Reason.UserIdTooLong),
            3 => ("ü" + id, Reason.UserIdNotPrintableAscii),
            4 => (id.Replace("-", "\u0001", StringComparison.Ordinal), Reason.UserIdNotPrintableAscii),
            _ => ("", Reason.UserIdEmpty),
        };
        return (raw, null, fault);
    }
}

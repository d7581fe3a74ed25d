using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Generator;

/// <summary>Makes e-mail addresses: 2 % are bad, 9 % of the good ones are in mixed case, 5 % of the good ones padded.</summary>
internal static class Emails
{
    public const int BadPercent = 2;
    public const int MixedCasePercent = 9;
    public const int PaddedPercent = 5;

    private static readonly string[] Domains = ["example.com", "example.org", "example.net", "mail.example.com", "shop.example.org"];
    private static readonly string[] Firsts = ["ada", "grace", "alan", "edsger", "barbara", "donald", "frances", "john", "katherine", "leslie", "margaret", "niklaus", "radia", "tim"];
    private static readonly string[] Lasts = ["archer", "baker", "carter", "dyer", "fisher", "glover", "hunter", "mason", "o'neil", "porter", "smith", "turner", "weaver", "wright"];

    /// <summary>An address of one person (a number); the normalized address is null when the raw value is bad, and then there is a fault.</summary>
    public static (string Raw, string? Normalized, Reason Fault) Make(ref Draw draw, long person)
    {
        var first = draw.Of<string>(Firsts);
        var last = draw.Of<string>(Lasts);
        if (draw.Chance(BadPercent))
        {
            var bad = Bad(ref draw, first, last, person);
            return (bad, null, bad.Length == 0 ? Reason.EmailEmpty : Reason.InvalidEmail);
        }

        var normalized = $"{first}.{last}.{person}@{draw.Of<string>(Domains)}";
        var raw = draw.Chance(MixedCasePercent) ? MixCase(ref draw, normalized) : normalized;
        return (draw.Chance(PaddedPercent) ? Pad(ref draw, raw) : raw, normalized, Reason.None);
    }

    private static string Bad(ref Draw draw, string first, string last, long person) => draw.Below(12) switch
    {
        0 => $"{first}.{last}.{person}",
        1 => $"{first}.{person}@{last}@example.com",
        2 => $"{first}..{last}.{person}@example.com",
        3 => $".{first}.{person}@example.com",
        4 => $"{first}.{person}.@example.com",
        5 => $"{first} {last} {person}@example.com",
        6 => $"{first}.{person}@-example.com",
        7 => $"{first}.{person}@exam_ple.com",
        8 => $"{first}.{person}@",
        9 => "@example.com",
        10 => $"{new string('x', 65)}@example.com",
        _ => "",
    };

    /// <summary>At least the first letter ends up in upper case.</summary>
    private static string MixCase(ref Draw draw, string email)
    {
        var pattern = draw.Next() | 1;
        return string.Create(email.Length, (email, pattern), static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                var letter = from.email[i];
                to[i] = (from.pattern >> (i % 64) & 1) == 1 ? char.ToUpperInvariant(letter) : letter;
            }
        });
    }

    private static string Pad(ref Draw draw, string value) => draw.Below(4) switch
    {
        0 => " " + value,
        1 => value + " ",
        2 => "  " + value + "  ",
        _ => value + "\t",
    };
}

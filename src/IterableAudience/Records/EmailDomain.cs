using System.Buffers;
using System.Globalization;
using System.Text;

namespace IterableAudience.Records;

/// <summary>The part of an e-mail address after the <c>@</c>: a host name of at least two labels, or an IP address in brackets.</summary>
internal static class EmailDomain
{
    private const int MaxName = 253;
    private const int MaxLabel = 63;

    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.");

    private static readonly IdnMapping Idn = new();

    public static bool IsValid(ReadOnlySpan<char> domain)
    {
        if (domain.IsEmpty)
        {
            return false;
        }

        if (!domain.ContainsAnyExcept(NameChars))
        {
            return IsName(domain);
        }

        return domain[0] == '[' && domain[^1] == ']' ? IpLiteral.IsValid(domain[1..^1]) : IsInternationalName(domain);
    }

    private static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length > MaxName)
        {
            return false;
        }

        int dot;
        var labels = 1;
        for (; (dot = name.IndexOf('.')) >= 0; labels++)
        {
            if (!IsLabel(name[..dot]))
            {
                return false;
            }

            name = name[(dot + 1)..];
        }

        return labels > 1 && IsTopLabel(name);
    }

    private static bool IsLabel(ReadOnlySpan<char> label)
        => label.Length is > 0 and <= MaxLabel && label[0] != '-' && label[^1] != '-';

    /// <summary>Every top-level domain there is has at least two letters and nothing else, or is an internationalized one.</summary>
    private static bool IsTopLabel(ReadOnlySpan<char> label)
    {
        if (!IsLabel(label) || label.Length < 2)
        {
            return false;
        }

        foreach (var c in label)
        {
            if (!char.IsAsciiLetter(c))
            {
                return label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase) && label.Length > 4;
            }
        }

        return true;
    }

    /// <summary>
    /// NOTE: the service runs with invariant globalization, where <see cref="IdnMapping"/> encodes labels but neither normalizes nor
    /// refuses characters. So the characters are checked here, and the encoding serves to measure the labels.
    /// </summary>
    private static bool IsInternationalName(ReadOnlySpan<char> domain)
    {
        // the encoded name is never shorter
        if (domain.Length > MaxName)
        {
            return false;
        }

        foreach (var rune in domain.EnumerateRunes())
        {
            if (!(rune.IsAscii ? NameChars.Contains((char)rune.Value) : MayStandInName(rune)))
            {
                return false;
            }
        }

        try
        {
            var ascii = Idn.GetAscii(domain.ToString());
            return !ascii.AsSpan().ContainsAnyExcept(NameChars) && IsName(ascii);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool MayStandInName(Rune rune)
    {
        const int ZeroWidthNonJoiner = 0x200C, ZeroWidthJoiner = 0x200D, IdeographicStop = 0x3002, WideStop = 0xFF0E, HalfWideStop = 0xFF61;
        if (rune == Rune.ReplacementChar)
        {
            return false; // what the enumeration makes of a lone surrogate
        }

        return Rune.IsLetterOrDigit(rune)
            || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.OtherSymbol
            || rune.Value is ZeroWidthNonJoiner or ZeroWidthJoiner or IdeographicStop or WideStop or HalfWideStop;
    }
}

namespace IterableAudience.Records;

/// <summary>The IP address between the brackets of <c>name@[…]</c>.</summary>
/// <remarks>
/// The framework's own parser is no use here: it takes <c>1.2</c>, <c>0x1.2.3.4</c> and <c>[::1]:25</c> for addresses, Iterable doesn't.
/// </remarks>
internal static class IpLiteral
{
    private const int MaxPrefix = 128;
    private const int Ipv6Groups = 8;

    public static bool IsValid(ReadOnlySpan<char> text)
    {
        const string Tag = "IPv6:";
        return text.StartsWith(Tag, StringComparison.OrdinalIgnoreCase) ? IsV6(text[Tag.Length..]) : IsV4(text) || IsV6(text);
    }

    /// <summary>Four decimal numbers up to 255 without leading zeros.</summary>
    private static bool IsV4(ReadOnlySpan<char> text)
    {
        for (var part = 1; part <= 4; part++)
        {
            var end = part < 4 ? text.IndexOf('.') : text.Length;
            if (end < 0 || !TryNumber(text[..end], out var number) || number > byte.MaxValue || (end > 1 && text[0] == '0'))
            {
                return false;
            }

            text = text[Math.Min(end + 1, text.Length)..];
        }

        return text.IsEmpty;
    }

    /// <summary>Groups of hexadecimal digits, at most one <c>::</c>, perhaps an IPv4 address at the end, a zone, a prefix length.</summary>
    private static bool IsV6(ReadOnlySpan<char> text)
    {
        var slash = text.IndexOf('/');
        if (slash >= 0)
        {
            if (!TryNumber(text[(slash + 1)..], out var prefix) || prefix > MaxPrefix)
            {
                return false;
            }

            text = text[..slash];
        }

        var percent = text.IndexOf('%');
        if (percent >= 0)
        {
            if (!IsZone(text[(percent + 1)..]))
            {
                return false;
            }

            text = text[..percent];
        }

        var gap = text.IndexOf("::", StringComparison.Ordinal);
        if (gap < 0)
        {
            return CountGroups(text, mayEndInV4: true) == Ipv6Groups;
        }

        var before = text[..gap];
        var after = text[(gap + 2)..];
        var left = before.IsEmpty ? 0 : CountGroups(before, mayEndInV4: false);
        var right = after.IsEmpty ? 0 : CountGroups(after, mayEndInV4: true);
        return left >= 0 && right >= 0 && left + right < Ipv6Groups;
    }

    /// <summary>How many 16-bit groups the text stands for; -1 when it is not groups.</summary>
    private static int CountGroups(ReadOnlySpan<char> text, bool mayEndInV4)
    {
        for (var groups = 1; ; groups++)
        {
            var colon = text.IndexOf(':');
            if (colon < 0 && mayEndInV4 && text.Contains('.'))
            {
                return IsV4(text) ? groups + 1 : -1;
            }

            if (!IsGroup(colon < 0 ? text : text[..colon]))
            {
                return -1;
            }

            if (colon < 0)
            {
                return groups;
            }

            text = text[(colon + 1)..];
        }
    }

    private static bool IsGroup(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        return text.Length is > 0 and <= 4;
    }

    private static bool IsZone(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (c is '%' or '/' || c <= ' ' || char.IsControl(c) || char.IsSurrogate(c) || char.IsWhiteSpace(c))
            {
                return false;
            }
        }

        return !text.IsEmpty;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            number = (number * 10) + (c - '0');
        }

        return text.Length is > 0 and <= 3;
    }
}

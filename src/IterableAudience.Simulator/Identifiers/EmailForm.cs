using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace IterableAudience.Simulator.Identifiers;

/// <summary>
/// The form of an e-mail address as Iterable documents it: the rules of Apache Commons' EmailValidator (1.7 and later, so that blanks around an
/// address are refused), with a known top-level domain. Works on UTF-8, as the values lie in the request.
/// </summary>
internal static class EmailForm
{
    private const int MaxLocalPart = 64;
    private const int MaxDomain = 253;
    private const int MaxLabel = 63;

    // What may not stand unquoted in a local part: controls, white space and the specials. The apostrophe may; a dot only separates words.
    private static readonly SearchValues<byte> Refused = SearchValues.Create(
        [.. Enumerable.Range(0, 33).Select(b => (byte)b), 127, .. "()<>@,;:\\\"[]"u8.ToArray()]);

    private static readonly IdnMapping Idn = new();

    public static bool IsValid(ReadOnlySpan<byte> email)
    {
        var at = email.LastIndexOf((byte)'@');
        return at > 0 && IsLocalPart(email[..at]) && IsDomain(email[(at + 1)..]);
    }

    /// <summary>The address as Iterable keeps it: in lower case. Gives back the same memory when there is nothing to change.</summary>
    public static ReadOnlyMemory<byte> Canonical(ReadOnlyMemory<byte> email)
    {
        var bytes = email.Span;
        if (!Ascii.IsValid(bytes))
            return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).ToLowerInvariant());
        if (!bytes.ContainsAnyInRange((byte)'A', (byte)'Z'))
            return email;
        var lower = new byte[bytes.Length];
        Ascii.ToLower(bytes, lower, out _);
        return lower;
    }

    private static bool IsLocalPart(ReadOnlySpan<byte> local)
    {
        if (Encoding.UTF8.GetCharCount(local) > MaxLocalPart)
            return false;
        if (local.ContainsAny((byte)'"', (byte)'\\'))
            return IsQuoted(local);
        return local[0] != '.' && local[^1] != '.' && local.IndexOf(".."u8) < 0 && !local.ContainsAny(Refused);
    }

    // A word in quotes may hold anything but a bare quote; a backslash escapes what follows it. Words are joined by single dots.
    private static bool IsQuoted(ReadOnlySpan<byte> local)
    {
        var wordStarts = true;
        for (var i = 0; i < local.Length; i++)
        {
            var b = local[i];
            if (b == '"' && wordStarts)
            {
                i++;
                while (i < local.Length && local[i] != '"')
                    i += local[i] == '\\' ? 2 : 1;
                if (i >= local.Length || (i + 1 < local.Length && local[i + 1] != '.'))
                    return false;
                wordStarts = false;
            }
            else if (b == '.')
            {
                if (wordStarts)
                    return false;
                wordStarts = true;
            }
            else
            {
                if (b == '\\' ? ++i >= local.Length : Refused.Contains(b))
                    return false;
                wordStarts = false;
            }
        }

        return !wordStarts;
    }

    private static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        if (domain.Length > 2 && domain[0] == '[' && domain[^1] == ']')
            return IPAddress.TryParse(Encoding.UTF8.GetString(domain[1..^1]), out _);
        if (Ascii.IsValid(domain))
            return IsAsciiDomain(domain);
        try
        {
            return IsAsciiDomain(Encoding.ASCII.GetBytes(Idn.GetAscii(Encoding.UTF8.GetString(domain))));
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsAsciiDomain(ReadOnlySpan<byte> domain)
    {
        if (domain.Length is 0 or > MaxDomain)
            return false;
        var labels = 0;
        var last = domain;
        foreach (var range in domain.Split((byte)'.'))
        {
            last = domain[range];
            labels++;
            if (!IsLabel(last))
                return false;
        }

        return labels > 1 && TopLevelDomains.Contains(last);
    }

    private static bool IsLabel(ReadOnlySpan<byte> label)
    {
        if (label.Length is 0 or > MaxLabel || label[0] == '-' || label[^1] == '-')
            return false;
        foreach (var b in label)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '-')
                return false;
        }

        return true;
    }
}

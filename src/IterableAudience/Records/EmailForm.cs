using System.Buffers;

namespace IterableAudience.Records;

/// <summary>
/// Whether a text has the form of an e-mail address, by the rules that Iterable uses (those of Apache Commons EmailValidator).
/// One pass, no backtracking, no allocation for plain addresses.
/// </summary>
/// <remarks>
/// Differences from Commons, on purpose:
/// no list of top-level domains (it ages; a name that doesn't exist is Iterable's to refuse), only their form: letters, or an <c>xn--</c> label;
/// control characters are refused inside quotes and after a backslash too, because no later step could carry them;
/// <c>[IPv6:…]</c>, as RFC 5321 writes it, is taken beside Commons' bare <c>[…]</c>.
/// White space around the address is the caller's to trim.
/// </remarks>
internal static class EmailForm
{
    private const int MaxLocalPart = 64;

    /// <summary>What may stand unquoted in a local part; the dot separates words and has rules of its own.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~");

    private static readonly SearchValues<char> NeverUnquoted = SearchValues.Create(" ()<>@,;:[]");

    public static bool IsValid(ReadOnlySpan<char> email)
    {
        // the last one: an earlier '@' is part of a quoted or escaped local part, or a fault of it
        var at = email.LastIndexOf('@');
        return at > 0 && IsLocalPart(email[..at]) && EmailDomain.IsValid(email[(at + 1)..]);
    }

    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        if (local.Length > MaxLocalPart)
        {
            return false;
        }

        return local.ContainsAnyExcept(Plain)
            ? HasWords(local)
            : local[0] != '.' && local[^1] != '.' && !local.Contains("..", StringComparison.Ordinal);
    }

    /// <summary>
    /// Words separated by dots, each either unquoted, where a backslash lets any character follow, or quoted, where a quote may
    /// stand inside if a backslash precedes it. Whether <c>\"</c> ends a quoted word or goes on in it only shows later (<c>"a\"@…</c>
    /// is valid, <c>"a\"b"@…</c> too), hence a set of states instead of one.
    /// </summary>
    private static bool HasWords(ReadOnlySpan<char> local)
    {
        var states = States.WordStart;
        for (var i = 0; i < local.Length && states != States.None; i++)
        {
            var c = local[i];
            if (char.IsControl(c) || c is '\u2028' or '\u2029' || IsLoneSurrogate(local, i))
            {
                return false;
            }

            states = Step(states, c);
        }

        return (states & (States.Unquoted | States.Closed)) != 0;
    }

    private static States Step(States states, char c)
    {
        var next = States.None;
        if ((states & States.Escaped) != 0)
        {
            next |= States.Unquoted;
        }

        if ((states & States.Quoted) != 0)
        {
            next |= c switch
            {
                '"' => States.Closed,
                '\\' => States.Quoted | States.QuotedBackslash,
                _ => States.Quoted,
            };
        }

        if ((states & States.QuotedBackslash) != 0 && c == '"')
        {
            next |= States.Quoted;
        }

        if ((states & (States.Unquoted | States.Closed)) != 0 && c == '.')
        {
            next |= States.WordStart;
        }

        if ((states & (States.WordStart | States.Unquoted)) != 0)
        {
            next |= c switch
            {
                '\\' => States.Escaped,
                '"' => (states & States.WordStart) != 0 ? States.Quoted : States.None,
                '.' => States.None,
                _ => NeverUnquoted.Contains(c) ? States.None : States.Unquoted,
            };
        }

        return next;
    }

    private static bool IsLoneSurrogate(ReadOnlySpan<char> text, int i)
        => char.IsSurrogate(text[i])
            && !(char.IsHighSurrogate(text[i]) ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) : i > 0 && char.IsHighSurrogate(text[i - 1]));

    [Flags]
    private enum States : byte
    {
        None = 0,
        WordStart = 1,
        Unquoted = 2,
        Escaped = 4,
        Quoted = 8,
        QuotedBackslash = 16,
        Closed = 32,
    }
}

using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace IterableAudience.Iterable;

/// <summary>
/// What of an answer may be shown. Iterable's messages name people ("No user exists with userId …"), and some echo the whole request with
/// its headers. A list of things to hide would miss some, so this keeps the words that error messages are made of and drops all others.
/// </summary>
internal static partial class Redaction
{
    private const int LongestExcerpt = 200;

    private static readonly FrozenSet<string> Words = """
        a action address addresses again already an and any api are array at audience bad batch be because been being belongs body bulk by call calls
        campaign cannot code conflict contact could create csm database deactivated denied deleted disabled does duplicate each either email emails empty
        endpoint error errors exceeded exceeds exist exists expected export failed fewer field fields for forbidden forgotten found from gateway has
        header headers html id identifier identifiers ids if in insufficient internal invalid invalidlistid is it its json key large later less limit list listid
        lists long match maximum may message method minute missing more must new no not null number of on once one only or over page parameter parameters
        per permission permissions persists please privileges problem project projects rate refused reached request requests required response row rows
        second seconds server service set size specified static string subscriber subscribers subscribe success system than that the this time timed
        timeout to too try type unauthorized unavailable unique unknown unsubscribe unsupported update updated use used user userid userids users valid
        value was when which with within wrong you your
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>A counted answer, e.g. <c>200: 998 succeeded, 2 failed; invalidEmails 1, notFoundUserIds 1</c>.</summary>
    public static string Show(int status, ListAnswer answer)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{status}: {answer.SuccessCount} succeeded, {answer.FailCount} failed");
        var separator = "; ";
        foreach (var list in answer.Failures.GroupBy(f => f.List).OrderBy(g => g.Key))
        {
            text.Append(separator).Append(CultureInfo.InvariantCulture, $"{ListAnswer.NameOf(list.Key)} {list.Count()}");
            separator = ", ";
        }

        return text.ToString();
    }

    /// <summary>A refusal, e.g. <c>400 BadJsonBody (obj.subscribers[3].email)</c> or <c>429 RateLimitExceeded: Exceeded rate limit of … per minute</c>.</summary>
    public static string Show(int status, ErrorAnswer error)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{status}");
        if (error.Code is not null)
        {
            text.Append(' ').Append(error.Code);
        }

        if (error.Parts.Count > 0)
        {
            return text.Append(" (").AppendJoin(", ", error.Parts.Take(3)).Append(error.Parts.Count > 3 ? ", …)" : ")").ToString();
        }

        // a BadJsonBody echoes body and headers
        var excerpt = error.Code == "BadJsonBody" || error.Message.Contains('<', StringComparison.Ordinal) ? "" : Excerpt(error.Message);
        return excerpt.Length == 0 ? text.ToString() : text.Append(": ").Append(excerpt).ToString();
    }

    /// <summary>The known words of a message; what stands between them becomes one ellipsis.</summary>
    public static string Excerpt(string message)
    {
        var text = new StringBuilder();
        var hidden = false;
        foreach (var part in message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var shown = MessageKey().Match(part) is { Success: true } key ? key.Value : Words.Contains(part.Trim(".,:;!()\"'".ToCharArray())) ? part : null;
            if (shown is null && hidden)
            {
                continue;
            }

            hidden = shown is null;
            text.Append(text.Length == 0 ? "" : " ").Append(shown ?? "…");
            if (text.Length > LongestExcerpt)
            {
                return text.ToString(0, LongestExcerpt) + " …";
            }
        }

        return text.ToString() is "…" ? "" : text.ToString();
    }

    /// <summary>Iterable's own keys of untranslated messages, without what is in their brackets.</summary>
    [GeneratedRegex(@"^error\.(lists|users|api)\.[A-Za-z]{1,40}(?=$|\()", RegexOptions.CultureInvariant)]
    private static partial Regex MessageKey();
}

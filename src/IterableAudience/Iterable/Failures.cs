using System.Collections.Frozen;

namespace IterableAudience.Iterable;

/// <summary>What follows from a failure.</summary>
internal enum Remedy
{
    /// <summary>Nothing to mend.</summary>
    None,

    /// <summary>The same request again, after a while, until the attempts are used up.</summary>
    SendAgain,

    /// <summary>The whole project pauses; then the same request again.</summary>
    SlowDown,

    /// <summary>Fewer rows in a request, until the one to blame stands alone.</summary>
    Halve,

    /// <summary>Every row of the request is refused, and no further request would change that.</summary>
    Refuse,

    /// <summary>No request of this sync can succeed.</summary>
    Abort,
}

/// <summary>A line of the failure table.</summary>
/// <param name="Category">What is wrong.</param>
/// <param name="Remedy">What follows.</param>
/// <param name="MayBeApplied">Iterable may have done what was asked all the same.</param>
/// <param name="Advice">What an operator should check; <c>{0}</c> is the data center.</param>
internal sealed record Failure(FailureCategory Category, Remedy Remedy, bool MayBeApplied, string Advice);

/// <summary>
/// The one table of failures: status, code or exception → category → what follows. Decided by status first, since Iterable's <c>code</c> lies
/// (an unknown list is a 400 with code <c>Success</c>); the refusals that no status tells apart are known by their text or code.
/// </summary>
internal static class Failures
{
    private static readonly FrozenDictionary<FailureCategory, Failure> Table = new Failure[]
    {
        new(FailureCategory.None, Remedy.None, false, ""),
        new(FailureCategory.WrongKey, Remedy.Abort, false,
            "Check the account's API key (it must be a server-side key that is not disabled) and its data center: a key is unknown in every data center but its own ({0} is set), and Iterable's answer is the same for both."),
        new(FailureCategory.Forbidden, Remedy.Abort, false,
            "The account's API key is known and may not do this. Check that it is a server-side key with the right to change lists, and that its project ({0}) allows calls from this address."),
        new(FailureCategory.UnknownList, Remedy.Abort, false,
            "The project has no static list with this id. Check the connection's audienceId and that the account belongs to the project of the list."),
        new(FailureCategory.WrongAddress, Remedy.Abort, false,
            "This is no answer of Iterable's API. Check the setting Iterable:BaseUrls:{0} and what stands between the service and Iterable."),
        new(FailureCategory.Refused, Remedy.Halve, false, "Iterable refused what the request says."),
        new(FailureCategory.RefusedAsAWhole, Remedy.Refuse, false, "Iterable refused the request as a whole, not a row of it."),
        new(FailureCategory.TooLarge, Remedy.Halve, false, "The request is larger than Iterable takes."),
        new(FailureCategory.Throttled, Remedy.SlowDown, false,
            "The project is over its rate limit. Lower the account's requestsPerSecond, or find out what else uses the project's budget."),
        new(FailureCategory.Unavailable, Remedy.SendAgain, true, "Iterable is in trouble; see its status page. Nothing needs to be mended here."),
        new(FailureCategory.Unreachable, Remedy.SendAgain, true,
            "Check the network between the service and Iterable ({0}): name resolution, proxy, firewall, TLS."),
        new(FailureCategory.TimedOut, Remedy.SendAgain, true, "Iterable took longer than Iterable:AttemptTimeout. If it lasts, see its status page."),
        new(FailureCategory.Unreadable, Remedy.SendAgain, true,
            "The answer can't be read. If it lasts, check what stands between the service and Iterable ({0}), and Iterable:BaseUrls."),
    }.ToFrozenDictionary(f => f.Category);

    /// <summary>The line of a category.</summary>
    public static Failure Of(FailureCategory category) => Table[category];

    /// <summary>The category of an answer that isn't a 2xx.</summary>
    public static FailureCategory Classify(int status, ErrorAnswer error) => status switch
    {
        401 => FailureCategory.WrongKey,
        403 => FailureCategory.Forbidden,
        413 => FailureCategory.TooLarge,
        429 => FailureCategory.Throttled,
        400 or >= 500 when error.Says("error.lists.invalidListId") => FailureCategory.UnknownList,
        400 when error.Says("Invalid email list id") => FailureCategory.UnknownList,
        400 when error.Code == "BatchTooLarge" => FailureCategory.TooLarge,
        400 when error.NamesOnlyOtherParts() => FailureCategory.RefusedAsAWhole,
        400 or 409 or 422 => FailureCategory.Refused,
        408 or >= 500 => FailureCategory.Unavailable,
        _ => FailureCategory.WrongAddress,
    };

    /// <summary>Whether a failed connection may have carried the request all the same: not when it failed while being made.</summary>
    public static bool MayHaveArrived(Exception exception) => exception is not HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
    };
}

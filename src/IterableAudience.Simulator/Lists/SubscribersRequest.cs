using System.Text;
using IterableAudience.Simulator.Identifiers;

namespace IterableAudience.Simulator.Lists;

/// <summary>The body of subscribe and unsubscribe. With <see cref="TypeErrors"/> the whole call is refused.</summary>
internal sealed class SubscribersRequest
{
    public long? ListId { get; set; }

    public List<SubscriberRow> Rows { get; } = [];

    public bool? UpdateExistingUsersOnly { get; set; }

    public bool? ChannelUnsubscribe { get; set; }

    /// <summary>Where a value has the wrong type (<c>obj.subscribers[3].email</c>), and what was expected.</summary>
    public List<(string Path, string Expected)> TypeErrors { get; } = [];

    /// <summary>Why the body is no JSON at all.</summary>
    public string? Malformed { get; set; }

    /// <summary>Whether a row has this e-mail, in any case, or exactly this userId.</summary>
    public bool Names(string identifier)
    {
        ReadOnlyMemory<byte> wanted = Encoding.UTF8.GetBytes(identifier);
        var email = EmailForm.Canonical(wanted);
        foreach (var row in Rows)
        {
            if (row.UserId.Span.SequenceEqual(wanted.Span) && row.HasUserId)
                return true;
            if (row.HasEmail && (row.EmailKey.Span.SequenceEqual(email.Span) || row.Email.Span.SequenceEqual(wanted.Span)))
                return true;
        }

        return false;
    }
}

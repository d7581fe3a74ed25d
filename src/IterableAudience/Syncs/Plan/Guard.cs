using static System.FormattableString;

namespace IterableAudience.Syncs.Plan;

/// <summary>The removal guard of a connection.</summary>
/// <param name="Enabled">Off: only an empty full push, or an empty source, is still held.</param>
/// <param name="MaxRemovalPercent">Hold a plan that removes more than this share of the connection's members.</param>
/// <param name="MinRemovals">…unless it removes fewer than so many.</param>
internal sealed record GuardSettings(bool Enabled, double MaxRemovalPercent, long MinRemovals);

/// <summary>Step 6 of the spine: whether a plan removes so much that a person should look at it first. Pure.</summary>
internal static class Guard
{
    /// <summary>Null when the plan may go on, else one sentence that says what it would do.</summary>
    public static string? Judge(GuardSettings settings, SyncCounts counts, bool full)
    {
        if (full && counts is { Received: 0, SourceRows: null, MembersBefore: > 0 })
        {
            return Invariant($"The full push is empty while the connection has {counts.MembersBefore:N0} members: running it would remove all of them. Approve the plan if that is meant.");
        }

        if (counts is { SourceRows: 0, MembersBefore: > 0 })
        {
            return Invariant($"The source is empty while the connection has {counts.MembersBefore:N0} members: the sync would remove all of them. Approve the plan if that is meant.");
        }

        if (settings.Enabled && counts.Removals >= settings.MinRemovals && counts.Removals > counts.MembersBefore * settings.MaxRemovalPercent / 100)
        {
            return counts.Removals > counts.MembersBefore
                ? Invariant($"The plan removes {counts.Removals:N0} people while the connection has {counts.MembersBefore:N0} {(counts.MembersBefore == 1 ? "member" : "members")}: some of their rows were gone before, and somebody else held them until now. Approve the plan if that is meant.")
                : Invariant($"The plan removes {counts.Removals:N0} of {counts.MembersBefore:N0} members, more than the guard's {settings.MaxRemovalPercent:0.##} percent. Approve the plan if that is meant.");
        }

        return null;
    }
}

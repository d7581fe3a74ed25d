using IterableAudience.Syncs;
using IterableAudience.Syncs.Plan;
using Xunit;

namespace IterableAudience.Tests.Plan;

public sealed class GuardTests
{
    private static readonly GuardSettings Default = new(Enabled: true, MaxRemovalPercent: 50, MinRemovals: 100);

    [Theory]
    [InlineData(1000, 500, false)]
    [InlineData(1000, 501, true)]
    [InlineData(100, 99, false)]
    [InlineData(100, 100, true)]
    [InlineData(0, 0, false)]
    public void A_plan_is_held_that_removes_more_than_its_share_and_not_just_a_few(long members, long removals, bool held)
        => Assert.Equal(held, Guard.Judge(Default, Counts(members, removals), full: false) is not null);

    [Fact]
    public void A_guard_that_is_off_holds_nothing()
        => Assert.Null(Guard.Judge(Default with { Enabled = false }, Counts(1000, 1000), full: true));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_empty_full_push_is_held_while_there_are_members_guard_or_not(bool enabled)
    {
        var counts = Counts(members: 7, removals: 7);
        counts.Insert = 0;
        Assert.Contains("7 members", Guard.Judge(Default with { Enabled = enabled }, counts, full: true), StringComparison.Ordinal);
        counts.MembersBefore = 0;
        Assert.Null(Guard.Judge(Default with { Enabled = enabled }, counts, full: true));
    }

    [Fact]
    public void A_held_plan_says_what_it_would_do()
        => Assert.Equal(
            "The plan removes 800 of 1,000 members, more than the guard's 12.5 percent. Approve the plan if that is meant.",
            Guard.Judge(Default with { MaxRemovalPercent = 12.5 }, Counts(1000, 800), full: false));

    private static SyncCounts Counts(long members, long removals) => new() { Insert = 1, MembersBefore = members, Removals = removals };
}

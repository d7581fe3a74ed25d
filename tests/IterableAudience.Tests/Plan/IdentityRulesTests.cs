using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Staging;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>Who is the same person, who is held, and what waits for what, between the operations of one sync and the entries of the list.</summary>
public sealed class IdentityRulesTests
{
    private const long Own = 1;
    private const long Another = 2;
    private static readonly KeyedHash Hash = new(42);
    private static readonly Identity Both = new("e@example.com", "u");
    private static readonly Identity ByEmail = new("e@example.com", null);
    private static readonly Identity ByUserId = new(null, "u");

    private readonly List<(IdentityRef Reference, Identity Identity)> _operations = [];
    private readonly List<LedgerEntry> _entries = [];
    private int _nextKey;

    public static TheoryData<string?, string?, string?, string?, bool> Shapes => new()
    {
        { "e@example.com", "u", "e@example.com", "u", true },
        { "e@example.com", "u", "f@example.com", "u", true },
        { "e@example.com", "u", null, "u", true },
        { null, "u", null, "u", true },
        { "e@example.com", "u", "e@example.com", null, true },
        { "e@example.com", null, "e@example.com", null, true },
        { "e@example.com", "u", "e@example.com", "v", false },
        { "e@example.com", null, null, "u", false },
        { null, "u", null, "U", false },
        { "e@example.com", null, "f@example.com", null, false },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Whom_another_record_of_this_sync_holds_stays(string? email, string? userId, string? otherEmail, string? otherUserId, bool same)
    {
        var leaver = Leave(new(email, userId));
        Subscribe(new(otherEmail, otherUserId));
        Assert.Equal(same, Findings().Contains($"{leaver} HeldByRecord"));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Whom_an_entry_of_any_connection_holds_stays(string? email, string? userId, string? otherEmail, string? otherUserId, bool same)
    {
        var leaver = Leave(new(email, userId));
        Entry(new(otherEmail, otherUserId), EntryState.Member, Another);
        Assert.Equal(same, Findings().Contains($"{leaver} Held"));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    internal void An_entry_that_may_be_on_the_list_holds_and_one_that_leaves_does_not(byte state, bool holds)
    {
        var leaver = Leave(Both);
        Entry(Both, (EntryState)state, Another);
        Assert.Equal(holds, Findings().Contains($"{leaver} Held"));
    }

    [Fact]
    public void A_delete_of_an_unknown_key_is_held_like_any_other()
    {
        var delete = Add(OpKind.UnknownDelete, Both);
        Entry(ByEmail, EntryState.Member, Another);
        Assert.Equal([$"{delete} Held"], Findings());
    }

    [Fact]
    public void An_entry_that_this_sync_ends_holds_nobody()
    {
        var leaver = Leave(ByUserId);
        var other = Leave(Both);
        Assert.Equal([$"{leaver} FollowUnsubscribe {other}"], Findings());
    }

    [Fact]
    public void An_e_mail_that_is_somebody_elses_is_not_named()
    {
        var leaver = Leave(Both);
        Entry(new("e@example.com", "v"), EntryState.Member, Another);
        Assert.Equal([$"{leaver} EmailHeld"], Findings());
    }

    [Fact]
    public void Records_of_one_person_are_one_operation_and_the_last_e_mail_wins()
    {
        var first = Subscribe(Both);
        var last = Subscribe(new("new@example.com", "u"));
        var without = Subscribe(ByUserId);
        Assert.Equal([$"{first} FollowSubscribe {last}", $"{without} FollowSubscribe {last}"], Findings());
    }

    [Fact]
    public void A_record_with_the_e_mail_only_follows_the_one_that_brings_a_userId()
    {
        var byEmail = Subscribe(ByEmail);
        var both = Subscribe(Both);
        var again = Subscribe(ByEmail);
        Assert.Equal([$"{byEmail} FollowSubscribe {both}", $"{again} FollowSubscribe {both}"], Findings());
    }

    [Fact]
    public void A_record_with_the_e_mail_only_does_not_follow_one_whose_e_mail_is_overridden()
    {
        var overridden = Subscribe(Both);
        var last = Subscribe(new("new@example.com", "u"));
        Subscribe(ByEmail);
        Assert.Equal([$"{overridden} FollowSubscribe {last}"], Findings());
    }

    [Fact]
    public void A_record_with_the_e_mail_only_does_not_follow_one_that_only_remembers_it()
    {
        Subscribe(Both, sent: ByUserId);
        Subscribe(ByEmail);
        Assert.Empty(Findings());
    }

    [Fact]
    public void Whom_only_a_replaced_entry_holds_waits_for_the_replacement()
    {
        var leaver = Leave(Both);
        var subscribe = Subscribe(new("new@example.com", "w"));
        var replaced = Replace(Both, subscribe);
        Assert.Equal([$"{leaver} EmailHeldForNow", $"{leaver} FollowReplaced {replaced}", $"{replaced} DependsOn {subscribe}"], Findings());
    }

    [Fact]
    public void Two_replaced_entries_of_one_person_wait_for_both_replacements()
    {
        var a = Subscribe(new("a@example.com", "a"));
        var first = Replace(Both, a);
        var b = Subscribe(new("b@example.com", "b"));
        var second = Replace(ByUserId, b);
        Assert.Equal([$"{first} DependsOn {a}", $"{first} DependsOn {b}", $"{second} FollowReplaced {first}"], Findings());
    }

    [Fact]
    public void A_leaver_waits_for_the_replacement_of_an_entry_that_has_its_e_mail_only()
    {
        var leaver = Leave(Both);
        var subscribe = Subscribe(new("new@example.com", "w"));
        var replaced = Replace(ByEmail, subscribe);
        Assert.Equal([$"{leaver} DependsOn {subscribe}", $"{replaced} DependsOn {subscribe}"], Findings());
    }

    [Fact]
    public void A_replaced_identity_that_another_record_holds_stays()
    {
        var subscribe = Subscribe(new("new@example.com", "w"));
        var replaced = Replace(Both, subscribe);
        Subscribe(ByUserId);
        Assert.Contains($"{replaced} HeldByRecord", Findings());
    }

    [Fact]
    public void A_hash_that_two_values_share_by_chance_holds_nobody()
    {
        Leave(Both);
        // The index says that this entry has the identifier; its value says otherwise.
        Entry(new("other@example.com", "other"), EntryState.Member, Another);
        Assert.Empty(Findings(everybodyIsFound: true));
    }

    private OpRef Subscribe(Identity identity, Identity? sent = null) => Add(OpKind.Subscribe, identity, sent: sent);

    private OpRef Leave(Identity identity)
    {
        var leaver = Add(OpKind.Leave, identity);
        Entry(identity, EntryState.Member, Own, _nextKey);
        return leaver;
    }

    private OpRef Replace(Identity identity, OpRef subscribe)
    {
        var replaced = Add(OpKind.Replace, identity, subscribe.Ord);
        Entry(identity, EntryState.Member, Own, _nextKey);
        return replaced;
    }

    private OpRef Add(OpKind kind, Identity identity, int subscribeOrd = 0, Identity? sent = null)
    {
        var ord = _operations.Count;
        var reference = new IdentityRef
        {
            Ord = ord,
            SubscribeOrd = subscribeOrd,
            Kind = kind,
            Line = ord + 1,
            HasBoth = (byte)(identity is { Email: not null, UserId: not null } ? 1 : 0),
            HasUserId = (byte)(identity.UserId is null ? 0 : 1),
            EmailSent = (byte)((sent ?? identity).Email is null ? 0 : 1),
            KeyHashOrOther = kind != OpKind.Subscribe ? ++_nextKey : (sent ?? identity).Email is { } email ? KeyedHash.Short(Hash.Email(email)) : 0,
        };
        _operations.Add((reference, identity));
        return reference.Ref;
    }

    private void Entry(Identity identity, EntryState state, long connection, long? keyHash = null)
        => _entries.Add(LedgerEntry.Decode(
            connection, keyHash ?? 1000 + _entries.Count, 0, state, LedgerEntry.Encode(new BlobWriter(), KeyKind.Primary, "k", identity.Email, identity.UserId)));

    /// <summary>The three passes over runs of one identifier each, as planning does them.</summary>
    private string[] Findings(bool everybodyIsFound = false)
    {
        List<string> found = [];
        var rules = new IdentityRules(
            (of, kind, other) => found.Add(kind is FindingKind.Held or FindingKind.HeldByRecord or FindingKind.HeldByRow or FindingKind.EmailHeld or FindingKind.EmailHeldForNow ? $"{of.Ref} {kind}" : $"{of.Ref} {kind} {other}"),
            (hash, into) => into.AddRange(_entries.Where(e => everybodyIsFound
                || (e.Identity.Email is { } email && Hash.Email(email) == hash) || (e.Identity.UserId is { } userId && Hash.User(userId) == hash))),
            Hash) { OwnConnection = Own };
        Pass(i => i.UserId is null ? null : Hash.User(i.UserId), rules.SubscribesOfUser);
        Pass(i => i.Email is null ? null : Hash.Email(i.Email), rules.Email);
        Pass(i => i.UserId is null ? null : Hash.User(i.UserId), rules.LeaversOfUser);
        return [.. found.Distinct().Order(StringComparer.Ordinal)];
    }

    private delegate void Rule(ReadOnlySpan<IdentityRef> run);

    private void Pass(Func<Identity, UInt128?> hashOf, Rule rule)
    {
        foreach (var run in _operations.Where(o => hashOf(o.Identity) is not null).GroupBy(o => hashOf(o.Identity)!.Value))
        {
            rule(run.Select(o => o.Reference with { HashHigh = (ulong)(run.Key >> 64), HashLow = (ulong)run.Key }).ToArray());
        }
    }
}

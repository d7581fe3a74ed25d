using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Staging;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>The table of plan rules, one key at a time. I and J are identities of different people.</summary>
public sealed class KeyRulesTests
{
    private static readonly Identity I = new("i@example.com", "i");
    private static readonly Identity J = new("j@example.com", "j");
    private static readonly PlanMode Incremental = new(Full: false, Resend: false, RemoveAbsent: false, IgnoreUnknownDeletes: false);
    private static readonly PlanMode FullPush = new(Full: true, Resend: false, RemoveAbsent: true, IgnoreUnknownDeletes: false);

    private readonly List<PlanOp> _operations = [];
    private RecordFate[] _fates = [];

    [Theory]
    [InlineData(RecordAction.Insert)]
    [InlineData(RecordAction.Update)]
    internal void A_row_that_the_ledger_does_not_know_is_subscribed(RecordAction action)
    {
        Assert.Equal(1, Decide(Incremental, [Record(action, I)]));
        AssertFates(Outcome.Pending);
        AssertOperations("Subscribe (i@example.com, i) into 0 from None");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    internal void A_row_that_the_ledger_knows_is_subscribed_into_its_entry(byte state)
    {
        Decide(Incremental, [Record(RecordAction.Update, I)], Entry(I, (EntryState)state, slot: 4));
        AssertOperations($"Subscribe (i@example.com, i) into 4 from {(EntryState)state}");
    }

    [Fact]
    public void Another_identity_leaves_only_when_the_new_one_is_accepted()
    {
        Assert.Equal(2, Decide(Incremental, [Record(RecordAction.Update, I)], Entry(J, EntryState.Member)));
        AssertOperations("Subscribe (i@example.com, i) into 1 from None, then leaving 0", "Replace (j@example.com, j) of 0 from Member");
    }

    [Fact]
    public void An_identity_that_may_be_on_the_list_is_replaced_like_a_member()
    {
        Decide(Incremental, [Record(RecordAction.Update, I)], Entry(J, EntryState.Maybe));
        AssertOperations("Subscribe (i@example.com, i) into 1 from None, then leaving 0", "Replace (j@example.com, j) of 0 from Maybe");
    }

    [Fact]
    public void A_rejected_record_changes_nothing_but_what_is_leaving_is_tried_again()
    {
        Assert.Equal(0, Decide(Incremental, [Record(RecordAction.Update, default, Reason.InvalidEmail)], Entry(J, EntryState.Member), Entry(I, EntryState.Leaving, 1)));
        AssertFates((Outcome.Rejected, Reason.InvalidEmail));
        AssertOperations("Leave (i@example.com, i) of 1 from Leaving, again");
    }

    [Fact]
    public void A_delete_by_key_alone_ends_all_entries_of_the_key()
    {
        Assert.Equal(2, Decide(Incremental, [Record(RecordAction.Delete, default, Reason.NoValidIdentifier)], Entry(J, EntryState.Member), Entry(I, EntryState.Leaving, 1)));
        AssertFates(Outcome.Pending);
        AssertOperations("Leave (j@example.com, j) of 0 from Member", "Leave (i@example.com, i) of 1 from Leaving");
    }

    [Fact]
    public void A_delete_takes_off_whom_the_ledger_has_and_not_whom_it_names()
    {
        Decide(Incremental, [Record(RecordAction.Delete, I)], Entry(J, EntryState.Member));
        AssertOperations("Leave (j@example.com, j) of 0 from Member");
    }

    [Fact]
    public void A_delete_of_an_unknown_key_takes_off_whom_it_names()
    {
        Decide(Incremental, [Record(RecordAction.Delete, I)]);
        AssertOperations("UnknownDelete (i@example.com, i)");
    }

    [Fact]
    public void A_delete_of_an_unknown_key_can_be_ignored()
    {
        Decide(Incremental with { IgnoreUnknownDeletes = true }, [Record(RecordAction.Delete, I)]);
        AssertFates((Outcome.Unsubscribed, Reason.WasNotMember));
        AssertOperations();
    }

    [Fact]
    public void A_delete_of_an_unknown_key_without_an_identifier_is_rejected()
    {
        Decide(Incremental, [Record(RecordAction.Delete, default, Reason.IdentifierMissing)]);
        AssertFates((Outcome.Rejected, Reason.IdentifierMissing));
        AssertOperations();
    }

    [Fact]
    public void A_delete_that_cannot_be_used_is_rejected_even_when_its_key_is_known()
    {
        Decide(FullPush, [Record(RecordAction.Delete, default, Reason.UnsupportedAction, unusable: true)], Entry(J, EntryState.Member));
        AssertFates((Outcome.Rejected, Reason.UnsupportedAction));
        AssertOperations();
    }

    [Fact]
    public void The_last_usable_record_of_a_key_decides()
    {
        Decide(Incremental, [Record(RecordAction.Insert, I), Record(RecordAction.Update, J, line: 2), Record(RecordAction.Update, default, Reason.UserIdEmpty, line: 3)]);
        AssertFates((Outcome.Superseded, Reason.LaterRecordSameKey), (Outcome.Pending, Reason.None), (Outcome.Rejected, Reason.UserIdEmpty));
        AssertOperations("Subscribe (j@example.com, j) into 0 from None");
    }

    [Fact]
    public void A_later_delete_by_key_alone_means_the_person_of_the_earlier_record()
    {
        Decide(Incremental, [Record(RecordAction.Insert, I), Record(RecordAction.Delete, default, Reason.IdentifierMissing, line: 2)]);
        AssertFates((Outcome.Superseded, Reason.LaterRecordSameKey), (Outcome.Pending, Reason.None));
        AssertOperations("UnknownDelete (i@example.com, i)");
    }

    [Theory]
    [InlineData("i@example.com", null)]
    [InlineData(null, "i")]
    [InlineData("i@example.com", "i")]
    internal void A_full_push_leaves_alone_whom_the_ledger_has_and_a_missing_identifier_is_no_change(string? email, string? userId)
    {
        Assert.Equal(0, Decide(FullPush, [Record(RecordAction.Insert, new(email, userId))], Entry(I, EntryState.Member)));
        AssertFates((Outcome.Unchanged, Reason.AlreadyMember));
        AssertOperations();
    }

    [Fact]
    public void A_full_push_that_resends_sends_what_it_gets_and_remembers_the_rest()
    {
        Decide(FullPush with { Resend = true }, [Record(RecordAction.Insert, new("i@example.com", null))], Entry(I, EntryState.Member));
        AssertOperations("Subscribe (i@example.com, -) as (i@example.com, i) into 0 from Member");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    internal void A_full_push_sends_whom_the_ledger_is_not_sure_of(byte state)
    {
        Decide(FullPush, [Record(RecordAction.Insert, I)], Entry(I, (EntryState)state));
        AssertOperations($"Subscribe (i@example.com, i) into 0 from {(EntryState)state}");
    }

    [Fact]
    public void A_full_push_replaces_whom_the_row_may_have_put_on_the_list_besides()
    {
        Assert.Equal(2, Decide(FullPush, [Record(RecordAction.Insert, I)], Entry(I, EntryState.Member), Entry(J, EntryState.Maybe, 1)));
        AssertFates(Outcome.Pending);
        AssertOperations("Subscribe (i@example.com, i) into 0 from Member, then leaving 1", "Replace (j@example.com, j) of 1 from Maybe");
    }

    [Fact]
    public void A_new_e_mail_of_the_same_userId_is_the_same_person()
    {
        Decide(FullPush, [Record(RecordAction.Insert, new("new@example.com", "i"))], Entry(I, EntryState.Member));
        AssertOperations("Subscribe (new@example.com, i) into 0 from Member");
    }

    [Fact]
    public void Who_is_absent_from_a_full_push_leaves()
    {
        Decide(FullPush, [], Entry(I, EntryState.Member), Entry(J, EntryState.Maybe, 1), Entry(new("k@example.com", "k"), EntryState.Leaving, 2));
        AssertOperations(
            "Leave (i@example.com, i) of 0 from Member, absent", "Leave (j@example.com, j) of 1 from Maybe, absent", "Leave (k@example.com, k) of 2 from Leaving, again");
    }

    [Fact]
    public void Nobody_leaves_for_absence_when_a_record_could_not_be_placed()
    {
        Decide(FullPush with { RemoveAbsent = false }, [], Entry(I, EntryState.Member), Entry(J, EntryState.Leaving, 1));
        AssertOperations("Leave (j@example.com, j) of 1 from Leaving, again");
    }

    [Fact]
    public void A_row_without_a_record_keeps_its_member_in_an_incremental_push()
    {
        Decide(Incremental, [], Entry(I, EntryState.Member));
        AssertOperations();
    }

    [Fact]
    public void A_leaving_entry_of_the_person_becomes_the_members_entry_again()
    {
        Decide(Incremental, [Record(RecordAction.Insert, I)], Entry(J, EntryState.Member), Entry(I, EntryState.Leaving, 1));
        AssertOperations("Subscribe (i@example.com, i) into 1 from Leaving, then leaving 0", "Replace (j@example.com, j) of 0 from Member");
    }

    [Fact]
    public void Several_entries_of_one_person_become_one()
    {
        Decide(Incremental, [Record(RecordAction.Insert, I)], Entry(new(null, "i"), EntryState.Leaving), Entry(new("i@example.com", null), EntryState.Maybe, 1));
        AssertOperations("Subscribe (i@example.com, i) into 1 from Maybe, then ended 0");
    }

    [Fact]
    public void An_old_owner_of_the_e_mail_is_not_taken_for_the_person_that_the_ledger_remembers()
    {
        // The e-mail moved from the old userId to the new one, and the removal of the old one has not gone through.
        Decide(Incremental, [Record(RecordAction.Update, new("i@example.com", null))], Entry(I, EntryState.Member), Entry(new("i@example.com", "old"), EntryState.Leaving, 1));
        AssertOperations("Subscribe (i@example.com, -) as (i@example.com, i) into 0 from Member", "Leave (i@example.com, old) of 1 from Leaving, again");
    }

    [Fact]
    public void What_failed_earlier_is_planned_like_a_record_of_today()
    {
        Assert.Equal(2, Decide(Incremental, [Old(RecordAction.Update, I)], Entry(J, EntryState.Member)));
        AssertFates(Outcome.Pending);
        AssertOperations("Subscribe (i@example.com, i) into 1 from None, then leaving 0", "Replace (j@example.com, j) of 0 from Member");
    }

    [Fact]
    public void What_failed_earlier_gives_way_to_a_usable_record_and_not_to_a_rejected_one()
    {
        Decide(Incremental, [Old(RecordAction.Insert, I), Record(RecordAction.Update, J), Record(RecordAction.Update, default, Reason.InvalidEmail)]);
        AssertFates((Outcome.Superseded, Reason.LaterRecordSameKey), (Outcome.Pending, Reason.None), (Outcome.Rejected, Reason.InvalidEmail));
        AssertOperations("Subscribe (j@example.com, j) into 0 from None");

        _operations.Clear();
        Decide(Incremental, [Old(RecordAction.Insert, I), Record(RecordAction.Update, default, Reason.InvalidEmail)]);
        AssertFates((Outcome.Pending, Reason.None), (Outcome.Rejected, Reason.InvalidEmail));
        AssertOperations("Subscribe (i@example.com, i) into 0 from None");
    }

    [Fact]
    public void A_delete_by_its_key_alone_ends_what_failed_earlier_and_takes_its_name()
    {
        Decide(Incremental, [Old(RecordAction.Insert, I), Record(RecordAction.Delete, default, Reason.NoValidIdentifier)]);
        AssertFates((Outcome.Superseded, Reason.LaterRecordSameKey), (Outcome.Pending, Reason.None));
        AssertOperations("UnknownDelete (i@example.com, i)");
    }

    [Fact]
    public void A_full_push_without_the_key_ends_an_old_subscribe_and_not_an_old_delete()
    {
        Assert.Equal(0, Decide(FullPush, [Old(RecordAction.Insert, I)], Entry(J, EntryState.Member)));
        AssertFates((Outcome.Superseded, Reason.LaterRecordSameKey));
        AssertOperations("Leave (j@example.com, j) of 0 from Member, absent");

        _operations.Clear();
        Decide(FullPush, [Old(RecordAction.Delete, I)], Entry(J, EntryState.Member));
        AssertFates(Outcome.Pending);
        AssertOperations("Leave (j@example.com, j) of 0 from Member");

        _operations.Clear();
        Decide(FullPush with { RemoveAbsent = false }, [Old(RecordAction.Insert, I)]);
        AssertOperations("Subscribe (i@example.com, i) into 0 from None");
    }

    private static KeyRecord Old(RecordAction action, Identity identity) => Record(action, identity) with { Retried = true };

    private static KeyRecord Record(RecordAction action, Identity identity, Reason rejection = Reason.None, bool unusable = false, int line = 1)
        => new(action, rejection, unusable, identity, line);

    private static LedgerEntry Entry(Identity identity, EntryState state, int slot = 0)
        => LedgerEntry.Decode(1, 77, slot, state, LedgerEntry.Encode(new BlobWriter(), KeyKind.Primary, "k", identity.Email, identity.UserId));

    private int Decide(PlanMode mode, KeyRecord[] records, params LedgerEntry[] entries)
    {
        _fates = new RecordFate[records.Length];
        var freeSlot = (byte)Enumerable.Range(0, 256).First(slot => !Array.Exists(entries, e => e.Slot == slot));
        return KeyRules.Decide(records, entries, mode, freeSlot, _fates, _operations);
    }

    private void AssertFates(params (Outcome, Reason)[] fates) => Assert.Equal(fates.Select(f => new RecordFate(f.Item1, f.Item2)), _fates);

    private void AssertFates(Outcome fate) => AssertFates((fate, Reason.None));

    private void AssertOperations(params string[] operations) => Assert.Equal(operations, _operations.Select(Show));

    private static string Show(PlanOp op)
    {
        static string Name(Identity identity) => $"({identity.Email ?? "-"}, {identity.UserId ?? "-"})";
        var text = $"{op.Kind} {Name(op.Identity)}";
        text += op.Kind != OpKind.Subscribe || op.LedgerIdentity == op.Identity ? "" : $" as {Name(op.LedgerIdentity)}";
        text += op.Kind switch
        {
            OpKind.Subscribe => $" into {op.Slot} from {op.Prior}",
            OpKind.UnknownDelete => "",
            _ => $" of {op.Slot} from {op.Prior}",
        };
        text += string.Concat(op.EndSlots.Select(s => $", then ended {s.Slot}")) + string.Concat(op.LeaveSlots.Select(s => $", then leaving {s.Slot}"));
        return text + (op.Is(OpFlags.Absent) ? ", absent" : "") + (op.Is(OpFlags.Retried) ? ", again" : "");
    }
}

using IterableAudience.Records;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Report;

/// <summary>Makes the view of a record.</summary>
internal static class RecordViews
{
    public static RecordView Of(in StagedRecord record, RecordOutcome outcome, HowDecided? how, bool masked)
    {
        var decided = how is { Batch: > 0 } ? how : null;
        return new(
            record.Line == 0 || record.IsRetried ? null : record.Line,
            Shown(record.Text(record.PrimaryKey), Masking.Key, masked),
            Shown(record.Text(record.RecordId), Masking.Key, masked),
            record.Action?.Word(),
            outcome.Outcome.Word(),
            outcome.Reason.Word(),
            Detail(record, outcome, how),
            Faults(record),
            outcome.Outcome == Outcome.Forgotten ? new Dictionary<string, string>() : Identifiers(record, masked),
            decided?.Batch,
            decided is null && record.Attempts == 0 ? null : record.Attempts + (decided?.Attempts ?? 0),
            decided is { HttpStatus: > 0 } ? decided.HttpStatus : null,
            how?.At);
    }

    /// <summary>As a viewer sees it.</summary>
    public static RecordView Masked(RecordView view) => view with
    {
        PrimaryKey = Shown(view.PrimaryKey, Masking.Key, masked: true),
        RecordId = Shown(view.RecordId, Masking.Key, masked: true),
        Identifiers = view.Identifiers.ToDictionary(i => i.Key, i => i.Key == "email" ? Masking.Email(i.Value) : Masking.Key(i.Value)),
    };

    /// <summary>The identifiers of somebody in the ledger.</summary>
    public static IReadOnlyDictionary<string, string> Identifiers(Identity identity)
    {
        Dictionary<string, string> identifiers = [];
        if (identity.Email is { } email)
        {
            identifiers["email"] = email;
        }

        if (identity.UserId is { } userId)
        {
            identifiers["userId"] = userId;
        }

        return identifiers;
    }

    private static string? Detail(in StagedRecord record, RecordOutcome outcome, HowDecided? how)
    {
        if (outcome.Outcome == Outcome.Rejected && record.Detail.Length > 0)
        {
            return record.Text(record.Detail);
        }

        return how?.Detail ?? ReasonTexts.Of(outcome.Reason) ?? ((record.Flags & StagedFlags.Absent) != 0 ? ReasonTexts.Absent : null);
    }

    /// <summary>A delete needs no identifier where its key names the row.</summary>
    private static bool IsFault(in StagedRecord record, Reason fault)
        => fault != Reason.None && !(fault == Reason.IdentifierMissing && record is { Action: RecordAction.Delete, Key.Kind: KeyKind.Primary });

    private static List<FaultView> Faults(in StagedRecord record)
    {
        List<FaultView> faults = [];
        if (IsFault(record, record.EmailFault))
        {
            faults.Add(new("email", record.EmailFault.Word()!));
        }

        if (IsFault(record, record.UserIdFault))
        {
            faults.Add(new("userId", record.UserIdFault.Word()!));
        }

        return faults;
    }

    private static Dictionary<string, string> Identifiers(in StagedRecord record, bool masked)
    {
        Dictionary<string, string> identifiers = [];
        if (Shown(record.Text(record.Email), Masking.Email, masked) is { } email)
        {
            identifiers["email"] = email;
        }

        if (Shown(record.Text(record.UserId), Masking.Key, masked) is { } userId)
        {
            identifiers["userId"] = userId;
        }

        return identifiers;
    }

    private static string? Shown(string? value, Func<string, string> mask, bool masked) => value is null || !masked ? value : mask(value);
}

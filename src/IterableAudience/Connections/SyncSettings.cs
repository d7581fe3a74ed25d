using FluentValidation;

namespace IterableAudience.Connections;

/// <summary>How a connection syncs; each absent member has its default.</summary>
/// <param name="SyncLogsConfig">How long sync logs and snapshots are kept.</param>
/// <param name="FailedKeysConfig">Whether failures are tried again.</param>
/// <param name="Guard">Holds a plan that removes implausibly much.</param>
/// <param name="UnknownDeletes"><c>send</c> (default): a delete whose record the service doesn't know is sent, since the list may be older than the ledger; <c>ignore</c>: it isn't. Of a source it never is: a row that is gone without an entry is nobody to remove.</param>
public sealed record SyncSettings(SyncLogsConfig? SyncLogsConfig, FailedKeysConfig? FailedKeysConfig, GuardConfig? Guard, string? UnknownDeletes)
{
    public static readonly SyncSettings Default = new(new(true, 30, 5), new(true), new(true, 50, 100), "send");

    /// <summary>These settings, with what they leave out taken from others that are complete.</summary>
    public SyncSettings Over(SyncSettings whole) => new(
        new(
            SyncLogsConfig?.Enabled ?? whole.SyncLogsConfig!.Enabled,
            SyncLogsConfig?.LogRetentionInDays ?? whole.SyncLogsConfig!.LogRetentionInDays,
            SyncLogsConfig?.SnapshotsToRetain ?? whole.SyncLogsConfig!.SnapshotsToRetain),
        new(FailedKeysConfig?.EnableFailedKeysRetry ?? whole.FailedKeysConfig!.EnableFailedKeysRetry),
        new(
            Guard?.Enabled ?? whole.Guard!.Enabled,
            Guard?.MaxRemovalPercent ?? whole.Guard!.MaxRemovalPercent,
            Guard?.MinRemovals ?? whole.Guard!.MinRemovals),
        UnknownDeletes ?? whole.UnknownDeletes);

    internal sealed class Validator : AbstractValidator<SyncSettings>
    {
        public Validator()
        {
            RuleFor(s => s.SyncLogsConfig!.LogRetentionInDays).InclusiveBetween(1, 3650).WithMessage("must be from 1 to 3650 days.").When(s => s.SyncLogsConfig is not null);
            RuleFor(s => s.SyncLogsConfig!.SnapshotsToRetain).InclusiveBetween(1, 1000).WithMessage("must be from 1 to 1000.").When(s => s.SyncLogsConfig is not null);
            RuleFor(s => s.Guard!.MaxRemovalPercent).InclusiveBetween(0, 100).WithMessage("must be from 0 to 100.").When(s => s.Guard is not null);
            RuleFor(s => s.Guard!.MinRemovals).GreaterThanOrEqualTo(0).WithMessage("must be 0 or more.").When(s => s.Guard is not null);
            RuleFor(s => s.UnknownDeletes).Must(u => u is null or "send" or "ignore").WithMessage("must be send or ignore.");
        }
    }
}

/// <param name="Enabled">Whether sync logs are kept.</param>
/// <param name="LogRetentionInDays">How many days.</param>
/// <param name="SnapshotsToRetain">How many snapshot tables.</param>
public sealed record SyncLogsConfig(bool? Enabled, int? LogRetentionInDays, int? SnapshotsToRetain);

/// <param name="EnableFailedKeysRetry">Whether later syncs try failed records again.</param>
public sealed record FailedKeysConfig(bool? EnableFailedKeysRetry);

/// <param name="Enabled">Whether the guard looks at plans.</param>
/// <param name="MaxRemovalPercent">A plan that removes more than so many percent of the members is held …</param>
/// <param name="MinRemovals">… if it removes at least so many.</param>
public sealed record GuardConfig(bool? Enabled, double? MaxRemovalPercent, long? MinRemovals);

using IterableAudience.Connections;
using IterableAudience.Schedules;

namespace IterableAudience.Console;

/// <summary>Between the fields of a form and the parts of a connection that can be changed.</summary>
internal static class ConnectionForm
{
    public static readonly (string Value, string Text)[] Frequencies =
        [.. Schedule.Frequencies.Select(m => ($"{m}", m < 60 ? $"Every {m} minutes" : m == 60 ? "Every hour" : m == 1440 ? "Every day" : $"Every {m / 60} hours"))];

    /// <summary>The fields as they stand before anybody has changed them.</summary>
    public static void Fill(FormFields fields, ScheduleView schedule, SyncSettings settings)
    {
        fields["schedule.type"] = schedule.Type;
        fields["schedule.everyMinutes"] = $"{schedule.EveryMinutes ?? 60}";
        fields["schedule.startingAt"] = schedule.StartingAt ?? "";
        fields["schedule.cronExpression"] = schedule.CronExpression ?? "";
        var whole = settings.Over(SyncSettings.Default);
        fields["syncSettings.syncLogsConfig.enabled"] = OnOff(whole.SyncLogsConfig!.Enabled);
        fields["syncSettings.syncLogsConfig.logRetentionInDays"] = $"{whole.SyncLogsConfig.LogRetentionInDays}";
        fields["syncSettings.syncLogsConfig.snapshotsToRetain"] = $"{whole.SyncLogsConfig.SnapshotsToRetain}";
        fields["syncSettings.failedKeysConfig.enableFailedKeysRetry"] = OnOff(whole.FailedKeysConfig!.EnableFailedKeysRetry);
        fields["syncSettings.guard.enabled"] = OnOff(whole.Guard!.Enabled);
        fields["syncSettings.guard.maxRemovalPercent"] = FormattableString.Invariant($"{whole.Guard.MaxRemovalPercent}");
        fields["syncSettings.guard.minRemovals"] = $"{whole.Guard.MinRemovals}";
        fields["syncSettings.unknownDeletes"] = whole.UnknownDeletes!;
    }

    public static Schedule ScheduleOf(FormFields fields) => fields["schedule.type"] switch
    {
        Schedule.Basic => new(Schedule.Basic, fields.Whole("schedule.everyMinutes"), fields.Text("schedule.startingAt")),
        Schedule.Cron => new(Schedule.Cron, CronExpression: fields.Text("schedule.cronExpression") ?? ""),
        _ => Schedule.Manual,
    };

    /// <summary>What the fields say; a number that is none is left out of the type's range, so that the API names it.</summary>
    public static SyncSettings SettingsOf(FormFields fields) => new(
        new(fields.IsOn("syncSettings.syncLogsConfig.enabled"), Whole(fields, "syncSettings.syncLogsConfig.logRetentionInDays"), Whole(fields, "syncSettings.syncLogsConfig.snapshotsToRetain")),
        new(fields.IsOn("syncSettings.failedKeysConfig.enableFailedKeysRetry")),
        new(fields.IsOn("syncSettings.guard.enabled"), fields.Number("syncSettings.guard.maxRemovalPercent") ?? -1, Whole(fields, "syncSettings.guard.minRemovals")),
        fields.Text("syncSettings.unknownDeletes") ?? "send");

    /// <summary>The mapping, in the order email, userId; without the empty ones.</summary>
    public static Identifier[] IdentifiersOf(FormFields fields, IEnumerable<string> taken)
        => [.. taken.Where(to => fields.Text($"map.{to}") is not null).Select(to => new Identifier(fields.Text($"map.{to}"), to))];

    private static int Whole(FormFields fields, string name) => fields.Whole(name) ?? -1;

    private static string OnOff(bool? value) => value == true ? "on" : "off";
}

namespace IterableAudience.Syncs.Intake;

/// <summary>How pushed bodies are read. Valid by default.</summary>
public sealed class IntakeOptions
{
    /// <summary>How long a sender may send nothing before the body counts as lost. Default 60 seconds.</summary>
    public TimeSpan MaxSilence { get; set; } = TimeSpan.FromSeconds(60);
}

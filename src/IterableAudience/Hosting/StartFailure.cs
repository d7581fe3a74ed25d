namespace IterableAudience.Hosting;

/// <summary>The service can't start and a person has to mend something: the message says what. Ends the process with exit code 1, without a stack trace.</summary>
internal sealed class StartFailure : Exception
{
    public StartFailure(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace IterableAudience.Hosting;

/// <summary>The service can't start and a person has to mend something: the message says what. Ends the process with exit code 1, without a stack trace.</summary>
internal sealed class StartFailure : Exception
{
    public StartFailure(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>What to tell the operator, or null when the exception is no failure to start but a bug.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartFailure failure => failure.Message,
        OptionsValidationException settings => string.Join(Environment.NewLine, settings.Failures),
        InvalidOperationException { InnerException: FormatException or ArgumentException } e
            when e.Message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal) => e.Message,
        IOException { InnerException: AddressInUseException } => "The address is in use by another process. Stop it, or set ASPNETCORE_URLS.",
        _ => null,
    };
}

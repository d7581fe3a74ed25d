using System.Runtime.CompilerServices;
using Xunit;

namespace IterableAudience.Tests.Stores;

/// <summary>A test that only PostgreSQL can have (several nodes). Without a server it is skipped with the reason; where CI=true it fails instead.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber)
    {
        if (!string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
            Skip = PostgresServer.Missing;
    }
}

using System.Diagnostics;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>Waits for what another process does: the only place where these tests let time pass.</summary>
internal static class Until
{
    /// <summary>A deadline for the slowest machine; a test that meets it has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Asks until the answer is one that <paramref name="wanted"/> takes, and returns it.</summary>
    public static async Task<T> AsyncIs<T>(string what, Func<Task<T>> ask, Func<T, bool> wanted, TimeSpan? patience = null)
    {
        var limit = patience ?? Patience;
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var answer = await ask();
            if (wanted(answer))
                return answer;
            Assert.True(watch.Elapsed < limit, $"{what}: still {(answer is System.Text.Json.Nodes.JsonNode json ? json.ToJsonString() : answer)} after {limit.TotalSeconds} s");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }

    public static Task Is(string what, Func<bool> ask) => AsyncIs(what, () => Task.FromResult(ask()), yes => yes);
}

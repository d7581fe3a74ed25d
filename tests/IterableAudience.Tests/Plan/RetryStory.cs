using IterableAudience.Records;

namespace IterableAudience.Tests.Plan;

/// <summary>One push, and what goes wrong in Iterable from then on.</summary>
/// <param name="Full">The records are the whole audience.</param>
/// <param name="Approve">Approve the plan if it is held.</param>
/// <param name="PlanFirst">A dry run goes before.</param>
/// <param name="Records">What is pushed.</param>
/// <param name="Batches">What happens to the first batch, the second and so on.</param>
/// <param name="Refused">Addresses that Iterable refuses from now on.</param>
/// <param name="Forget">An address that is forgotten now.</param>
internal sealed record RetryStep(bool Full, bool Approve, bool PlanFirst, PushedRecord[] Records, BatchFault[] Batches, string[] Refused, string? Forget);

internal enum BatchFault
{
    None,

    /// <summary>The first try is lost.</summary>
    SecondTry,

    /// <summary>Given up.</summary>
    Undelivered,

    /// <summary>Ends the sync.</summary>
    KeyRefused,

    /// <summary>Answered while somebody stops the sync.</summary>
    Stopped,
}

/// <summary>
/// A story of one connection whose rows have nothing to do with each other, so that every failure of every sync, and what becomes of it, can be told
/// in advance. Rows with a key have two addresses to change between, others are their address.
/// </summary>
internal sealed record RetryStory(int Seed, bool IgnoreUnknownDeletes, string[] Strangers, RetryStep[] Steps)
{
    public static RetryStory Make(int seed) => new Draw(seed).Story();

    public override string ToString()
        => string.Join('\n', Steps.Select(s =>
            $"  {(s.Full ? "full" : "incremental")}{(s.Approve ? ", approved if held" : "")}{(s.PlanFirst ? ", planned first" : "")}, batches [{string.Join(' ', s.Batches)}], refused [{string.Join(' ', s.Refused)}]{(s.Forget is { } f ? $", {f} forgotten" : "")}"
            + string.Concat(s.Records.Select(r => $"\n    {r.Action} key={r.Key ?? "-"} email={r.Email ?? "-"}")))
            .Prepend($"seed {Seed}, unknown deletes {(IgnoreUnknownDeletes ? "ignored" : "sent")}, strangers [{string.Join(' ', Strangers)}]"));

#pragma warning disable CA5394 // no secret: the same seed must give the same story
    private sealed class Draw(int seed)
    {
        private const int Keyed = 5;
        private const int Keyless = 3;
        private readonly Random _random = new(seed);

        public RetryStory Story() => new(
            seed, Chance(20), [.. Addresses().Where(_ => Chance(15))], [.. Enumerable.Range(0, 6 + _random.Next(6)).Select(_ => Step())]);

        private static IEnumerable<string> Addresses()
            => Enumerable.Range(0, Keyed).SelectMany(n => new[] { $"a{n}@example.com", $"b{n}@example.com" })
                .Concat(Enumerable.Range(0, Keyless).Select(n => $"c{n}@example.com"));

        private RetryStep Step()
        {
            var full = Chance(20);
            var records = Enumerable.Range(0, Chance(20) ? 0 : _random.Next(8)).Select(_ => Record(full)).ToArray();
            var batches = Enumerable.Range(0, 3).Select(_ => Chance(60) ? BatchFault.None : (BatchFault)_random.Next(5)).ToArray();
            var refused = Chance(60) ? Addresses().Where(_ => Chance(20)).ToArray() : [];
            return new(full, Chance(70), Chance(15), records, batches, refused, Chance(8) ? Addresses().ElementAt(_random.Next((2 * Keyed) + Keyless)) : null);
        }

        private PushedRecord Record(bool full)
        {
            var n = _random.Next(Keyed + Keyless);
            var action = Chance(full ? 3 : 40) ? "delete" : Chance(50) ? "insert" : "update";
            if (n >= Keyed)
            {
                return new(action, null, $"c{n - Keyed}@example.com", null);
            }

            var email = Chance(8) ? "bad@" : action == "delete" && Chance(50) ? null : $"{(Chance(60) ? 'a' : 'b')}{n}@example.com";
            return new(action, $"k{n}", email, null);
        }

        private bool Chance(int percent) => _random.Next(100) < percent;
    }
#pragma warning restore CA5394
}

using System.Text.Json;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Samples;

/// <summary>The generator of the benchmarks: what it promises about its records.</summary>
public sealed class GeneratorTests
{
    private const int Count = 100_000;

    private static readonly GeneratedRecord[] Records = [.. new RecordGenerator(seed: 7).Take(Count)];

    [Fact]
    public async Task The_same_seed_makes_the_same_bytes_and_another_seed_others()
    {
        var first = await NdjsonAsync(seed: 7);

        Assert.Equal(first, await NdjsonAsync(seed: 7));
        Assert.NotEqual(first, await NdjsonAsync(seed: 8));
    }

    [Fact]
    public void A_record_is_the_same_whichever_were_made_before_it()
        => Assert.Equal(Records[41_999], new RecordGenerator(seed: 7)[42_000]);

    [Fact]
    public void The_shares_are_as_promised()
    {
        var emails = Records.Where(r => r.Email is not null).ToArray();
        var good = emails.Where(r => r.Truth.Email is not null).ToArray();
        var userIds = Records.Where(r => r.UserId is not null).ToArray();

        Percent(80, Records, r => r.Action == RecordAction.Insert);
        Percent(10, Records, r => r.Action == RecordAction.Update);
        Percent(10, Records, r => r.Action == RecordAction.Delete);
        Percent(60, Records, r => r.HasBoth);
        Percent(2, emails, r => r.Truth.Email is null);
        Percent(9, good, r => r.Email!.Any(char.IsUpper));
        Percent(5, good, r => r.Email!.Trim() != r.Email);
        Percent(1, userIds, r => r.Truth.UserId is null);
        Assert.All(Records, r => Assert.True(r.Email is not null || r.UserId is not null));
    }

    [Fact]
    public async Task Every_line_is_the_record_it_was_made_from()
    {
        var lines = System.Text.Encoding.UTF8.GetString(await NdjsonAsync(seed: 7)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(1000, lines.Length);
        foreach (var (line, record) in lines.Zip(Records))
        {
            using var json = JsonDocument.Parse(line);
            var fields = json.RootElement.GetProperty("fields");
            Assert.Equal(record.Action.Word(), json.RootElement.GetProperty("action").GetString());
            Assert.Equal(record.PrimaryKey, json.RootElement.GetProperty("primaryKey").GetString());
            Assert.Equal(record.Email, fields.TryGetProperty(NdjsonWriter.EmailColumn, out var email) ? email.GetString() : null);
            Assert.Equal(record.UserId, fields.TryGetProperty(NdjsonWriter.UserIdColumn, out var userId) ? userId.GetString() : null);
        }
    }

    [Theory]
    [InlineData(ProjectType.EmailBased)]
    [InlineData(ProjectType.UserIdBased)]
    [InlineData(ProjectType.Hybrid)]
    public void Validation_finds_the_truth_of_every_record(ProjectType type)
        => Assert.All(Records, record =>
        {
            var verdict = IdentifierRules.Judge(type, record.Email, record.UserId);
            Assert.Equal(record.Truth.IdentityIn(type), verdict.Identity);
            Assert.Equal(record.Truth.RejectionIn(type), verdict.Rejection);
        });

    private static async Task<byte[]> NdjsonAsync(ulong seed)
    {
        using var bytes = new MemoryStream();
        await NdjsonWriter.WriteAsync(bytes, new RecordGenerator(seed).Take(1000), TestContext.Current.CancellationToken);
        return bytes.ToArray();
    }

    private static void Percent(int promised, GeneratedRecord[] of, Func<GeneratedRecord, bool> which)
        => Assert.InRange(100.0 * of.Count(which) / of.Length, promised - 0.5, promised + 0.5);
}

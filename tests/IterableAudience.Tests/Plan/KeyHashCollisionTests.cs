using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Staging;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>Two keys of a connection with one 64-bit hash: rare by chance, and here by construction. Each keeps its own entry of the ledger.</summary>
public sealed class KeyHashCollisionTests : IAsyncDisposable
{
    private ScenarioHost _host = null!;
    private ModelList _list = null!;
    private string _connection = null!;
    private long _listNo;

    private async Task StartAsync(StoreKind store)
    {
        _host = new ScenarioHost(store);
        (var id, _list) = _host.Iterable.Add();
        _connection = await _host.ConnectAsync(ProjectType.EmailBased, 0, id);
        (_, _listNo) = await _host.NumbersAsync(_connection);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [StoreData(true, false)]
    [StoreData(false, false)]
    [StoreData(true, true)]
    [StoreData(false, true)]
    public async Task Keys_with_one_hash_hold_and_release_their_people_apart(StoreKind store, bool inOneSync, bool full)
    {
        await StartAsync(store);
        var (one, other) = CollidingKeys.Find(_host.Hash);
        string first = Insert(one, "ann@example.com"), second = Insert(other, "bob@example.com");
        if (!inOneSync)
        {
            await CompletesAsync([first], full: false);
        }

        await CompletesAsync(full || inOneSync ? [first, second] : [second], full);
        AssertLedgerAndList("ann@example.com bob@example.com");

        await CompletesAsync([Delete(one)], full: false);
        AssertLedgerAndList("bob@example.com");
        await CompletesAsync([Delete(other)], full: false);
        AssertLedgerAndList("");
    }

    [Theory]
    [StoreData]
    public async Task A_change_of_one_key_leaves_the_other_ones_entry_alone(StoreKind store)
    {
        await StartAsync(store);
        var (one, other) = CollidingKeys.Find(_host.Hash);
        await CompletesAsync([Insert(one, "ann@example.com"), Insert(other, "bob@example.com")], full: false);
        await CompletesAsync([Insert(one, "cid@example.com"), Insert(other, "dan@example.com")], full: false);
        AssertLedgerAndList("cid@example.com dan@example.com");
    }

    private async Task CompletesAsync(string[] lines, bool full)
    {
        var sync = await _host.PushAsync(_connection, lines, full);
        Assert.Equal("completed", (string?)sync["outcome"]);
        LedgerView.Read(_host.Store, _listNo).CheckDerived(_host.Hash);
    }

    private static string Insert(string key, string email) => new PushedRecord("insert", key, email, null).Line();

    private static string Delete(string key) => new PushedRecord("delete", key, null, null).Line();

    private void AssertLedgerAndList(string emails)
    {
        static string Text(IEnumerable<string?> found) => string.Join(' ', found.Order(StringComparer.Ordinal));
        Assert.Equal(emails, Text(LedgerView.Read(_host.Store, _listNo).Entries.Select(e => e.Identity.Email)));
        Assert.Equal(emails, Text(_list.Users.Where(u => u.IsMember).Select(u => u.Email)));
    }

    /// <summary>
    /// XXH3 maps the inputs of eight bytes one to one, so every longer key has exactly one key of eight bytes with its hash; it is found by
    /// running the last steps backwards, and one in some thousands is plain text.
    /// </summary>
    private static class CollidingKeys
    {
        private const ulong Prime = 0x9FB21C651E98DF25;

        public static (string Ten, string Eight) Find(KeyedHash hash)
        {
            ulong HashOf(string key) => (ulong)hash.Key((byte)KeyKind.Primary, Encoding.ASCII.GetBytes(key));
            const string known = "AAAAAAAA";
            var flip = Backwards(HashOf(known)) ^ Swap(BinaryPrimitives.ReadUInt64LittleEndian(Encoding.ASCII.GetBytes(known)));
            var bytes = new byte[8];
            for (var i = 0; i < 1_000_000; i++)
            {
                var key = $"key-{i:d6}";
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, Swap(Backwards(HashOf(key)) ^ flip));
                if (Array.TrueForAll(bytes, b => b is > 32 and < 127 and not (byte)'"' and not (byte)'\\'))
                {
                    var other = Encoding.ASCII.GetString(bytes);
                    Assert.Equal(HashOf(key), HashOf(other));
                    return (key, other);
                }
            }

            throw new InvalidOperationException("None of a million keys has a twin that is plain text.");
        }

        /// <summary>What went into the final mixing of an input of eight bytes.</summary>
        private static ulong Backwards(ulong h)
        {
            h ^= (h >> 28) ^ (h >> 56);
            h *= Inverse;
            h ^= (h >> 35) + 8;
            h *= Inverse;
            for (var i = 0; i < 63; i++) // the 64th time gives back what it was
            {
                h ^= BitOperations.RotateLeft(h, 49) ^ BitOperations.RotateLeft(h, 24);
            }

            return h;
        }

        private static ulong Swap(ulong value) => BitOperations.RotateLeft(value, 32);

        private static readonly ulong Inverse = InverseOf(Prime);

        private static ulong InverseOf(ulong odd)
        {
            var inverse = odd;
            for (var i = 0; i < 6; i++)
            {
                inverse *= 2 - (odd * inverse);
            }

            return inverse;
        }
    }
}

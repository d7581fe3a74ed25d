using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>
/// <c>GET /api/lists/getUsers</c>: everybody on a list, one identifier a line, as a stream of any length. Iterable allows five of these calls a minute to a project, answers
/// slowly (more than an hour for a million people has been told of), and may break off; then there is no answer.
/// </summary>
internal sealed class ListReader(IHttpClientFactory clients, ProjectPacers pacers, IOptions<IterableOptions> options, TimeProvider time)
{
    public const string ClientName = "IterableListReader";
    private const int CallsPerMinute = 5;
    private const int Attempts = 5;

    /// <summary>No line is longer: what is, is no list.</summary>
    private const int LongestLine = 64 * 1024;

    /// <summary>To the first byte, and from each to the next.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _places = new(StringComparer.Ordinal);

    /// <summary>Reads a list.</summary>
    /// <param name="project">Whose list.</param>
    /// <param name="listId">Which one.</param>
    /// <param name="preferUserId">Give the userId of a person who has both; else the e-mail.</param>
    /// <param name="line">Is given each identifier; some may come twice, in any order.</param>
    /// <param name="cancel">Stops reading.</param>
    /// <exception cref="IterableFailureException">Iterable refused, or the answer broke off: what came so far says nothing.</exception>
    public async Task ReadAsync(IterableProject project, long listId, bool preferUserId, Action<string> line, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var response = await AskAsync(project, listId, preferUserId, cancel);
            if (response.StatusCode == System.Net.HttpStatusCode.TooManyRequests && attempt < Attempts)
            {
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? (Minute / CallsPerMinute), time, cancel);
                continue;
            }

            if (!response.IsSuccessStatusCode)
            {
                throw await RefusalAsync(project, response, cancel);
            }

            await ReadAsync(response, line, cancel);
            return;
        }
    }

    /// <summary>Five calls in any minute, of this process; and a turn in the project's own budget. A call gives its place back a minute after its answer began: Iterable counts it somewhere before.</summary>
    private async Task<HttpResponseMessage> AskAsync(IterableProject project, long listId, bool preferUserId, CancellationToken cancel)
    {
        var places = _places.GetOrAdd(project.ProjectKey, _ => new(CallsPerMinute));
        await places.WaitAsync(cancel);
        try
        {
            using var permit = await pacers.For(project).EnterAsync(pacers.LimitsOf(project), "reconcile", options.Value.ThrottlePatience, cancel);
            return await SendAsync(project, listId, preferUserId, cancel);
        }
        finally
        {
            _ = FreeAsync(places);
        }
    }

    private async Task FreeAsync(SemaphoreSlim places)
    {
        await Task.Delay(Minute, time, CancellationToken.None);
        places.Release();
    }

    private async Task<HttpResponseMessage> SendAsync(IterableProject project, long listId, bool preferUserId, CancellationToken cancel)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/api/lists/getUsers?listId={listId}{(preferUserId ? "&preferUserId=true" : "")}");
        using var request = new HttpRequestMessage(HttpMethod.Get, options.Value.BaseUrls.For(project.DataCenter, path));
        request.Headers.TryAddWithoutValidation("Api-Key", project.ApiKey);
        using var client = clients.CreateClient(ClientName);
        using var limit = new CancellationTokenSource(Silence, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw Broken("Iterable did not answer.");
        }
    }

    private async Task ReadAsync(HttpResponseMessage response, Action<string> line, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(LongestLine);
        using var limit = new CancellationTokenSource(Silence, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(stop.Token);
            var kept = 0;
            while (await body.ReadAsync(buffer.AsMemory(kept), stop.Token) is > 0 and var read)
            {
                limit.CancelAfter(Silence);
                kept = Take(buffer, kept + read, line);
                if (kept == buffer.Length)
                {
                    throw Broken("A line of the answer is longer than any identifier.");
                }
            }

            if (kept > 0)
            {
                throw Broken("The answer broke off within a line.");
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw Broken("The answer broke off.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Takes the whole lines and moves the rest to the front.</summary>
    private static int Take(byte[] buffer, int length, Action<string> line)
    {
        var start = 0;
        for (int end; (end = buffer.AsSpan(start, length - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
        {
            var text = Encoding.UTF8.GetString(buffer, start, end).TrimEnd('\r');
            if (text.Length > 0)
            {
                line(text);
            }
        }

        buffer.AsSpan(start, length - start).CopyTo(buffer);
        return length - start;
    }

    private static IterableFailureException Broken(string what)
        => new(FailureCategory.Unreachable, $"{what} So nothing is known about the list; ask again later.", null);

    private static async Task<IterableFailureException> RefusalAsync(IterableProject project, HttpResponseMessage response, CancellationToken cancel)
    {
        var status = (int)response.StatusCode;
        var category = Failures.Classify(status, ErrorAnswer.Read(await response.Content.ReadAsByteArrayAsync(cancel)));
        return new(category, string.Format(CultureInfo.InvariantCulture, $"Iterable answered {status}. {Failures.Of(category).Advice}", project.DataCenter), status);
    }
}

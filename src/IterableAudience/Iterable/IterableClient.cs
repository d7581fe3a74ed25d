using System.Net.Http.Headers;
using System.Text.Json;
using IterableAudience.Records;
using Microsoft.Extensions.Options;

namespace IterableAudience.Iterable;

/// <summary>
/// Iterable's list API, a method for each endpoint. The project comes with each call: one client serves all accounts.
/// Control calls (lists, create, probe) are answered or fail within seconds; batches go through <see cref="BatchSender"/>.
/// </summary>
public sealed class IterableClient
{
    /// <summary>A control call doesn't wait for a project that is paused for longer: someone sits before it.</summary>
    private static readonly TimeSpan ControlPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long Iterable may not know a list that was just made.</summary>
    private static readonly TimeSpan NewList = TimeSpan.FromMinutes(1);

    private readonly HttpClient http;
    private readonly IterableOptions options;
    private readonly ListsCache cache;

    internal IterableClient(HttpClient http, IOptions<IterableOptions> options, ListsCache cache)
    {
        this.http = http;
        this.options = options.Value;
        this.cache = cache;
    }

    /// <summary><c>GET /api/lists</c>: all lists of the project, from memory when they were asked for within <see cref="IterableOptions.ListsCacheTime"/>.</summary>
    /// <exception cref="IterableFailureException">Iterable refused or didn't answer.</exception>
    public Task<IReadOnlyList<IterableList>> GetListsAsync(IterableProject project, CancellationToken cancellationToken)
        => GetListsAsync(project, refresh: false, cancellationToken);

    /// <summary><c>GET /api/lists</c>: all lists of the project. Works with a read-only key, so it proves no right to write.</summary>
    /// <param name="project">Whose lists.</param>
    /// <param name="refresh">Asks Iterable in any case.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="IterableFailureException">Iterable refused or didn't answer.</exception>
    public async Task<IReadOnlyList<IterableList>> GetListsAsync(IterableProject project, bool refresh, CancellationToken cancellationToken)
    {
        if (!refresh && cache.Find(project) is { } known)
        {
            return known;
        }

        var call = Control(project, ControlBodies.Lists, attempts: 2);
        var lists = (IReadOnlyList<IterableList>)await ControlAsync(call, HttpMethod.Get, "/api/lists", null, cancellationToken);
        cache.Keep(project, lists);
        return lists;
    }

    /// <summary><c>POST /api/lists</c>: makes a static list. Sent once only: sent twice, it would make two lists.</summary>
    /// <returns>Its id. For up to a minute other calls may not know it.</returns>
    /// <exception cref="IterableFailureException">Iterable refused or didn't answer; in the second case the list may exist.</exception>
    public async Task<long> CreateListAsync(IterableProject project, string name, string? description, CancellationToken cancellationToken)
    {
        var body = description is null
            ? JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["name"] = name })
            : JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["name"] = name, ["description"] = description });
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        var call = Control(project, ControlBodies.CreatedList, attempts: 1);
        cache.Forget(project);
        try
        {
            return (long)await ControlAsync(call, HttpMethod.Post, "/api/lists", content, cancellationToken);
        }
        catch (IterableFailureException e) when (call.MayBeApplied)
        {
            throw new IterableFailureException(e.Category, $"{e.Message} The list may have been made all the same: look for its name before you try again.", e.Status);
        }
        finally
        {
            cache.Forget(project);
        }
    }

    /// <summary>A subscribe of nobody: proves that the key may write to the list, and changes nothing.</summary>
    /// <exception cref="IterableFailureException">It may not, the project has no such list, or Iterable didn't answer.</exception>
    public async Task ProbeAsync(IterableProject project, long listId, CancellationToken cancellationToken)
    {
        using var content = BatchContent.Subscribe(listId, [], updateExistingUsersOnly: false);
        var call = Control(project, ListAnswer.TryRead, attempts: 2);
        await ControlAsync(call, HttpMethod.Post, "/api/lists/subscribe", content, cancellationToken);
    }

    /// <summary><c>POST /api/lists/subscribe</c>, with all its attempts. What came is in the call that is returned.</summary>
    internal Task<IterableCall> SubscribeAsync(BatchRequest batch, IReadOnlyList<Identity> subscribers, Action<AttemptReport> log, CancellationToken stop)
    {
        var existingOnly = batch.UpdateExistingUsersOnly && batch.Project.Type is (ProjectType.UserIdBased or ProjectType.Hybrid);
        return DeliverAsync(batch, "/api/lists/subscribe", BatchContent.Subscribe(batch.ListId, subscribers, existingOnly), log, stop);
    }

    /// <summary><c>POST /api/lists/unsubscribe</c>, with all its attempts. What came is in the call that is returned.</summary>
    internal Task<IterableCall> UnsubscribeAsync(BatchRequest batch, IReadOnlyList<Identity> subscribers, Action<AttemptReport> log, CancellationToken stop)
        => DeliverAsync(batch, "/api/lists/unsubscribe", BatchContent.Unsubscribe(batch.ListId, subscribers), log, stop);

    private static IterableCall Control(IterableProject project, BodyReader read, int attempts)
        => new(project, read) { MaxAttempts = attempts, PausePatience = ControlPatience, Queue = "control" };

    private async Task<IterableCall> DeliverAsync(BatchRequest batch, string path, BatchContent body, Action<AttemptReport> log, CancellationToken stop)
    {
        using var content = body;
        var call = new IterableCall(batch.Project, ListAnswer.TryRead)
        {
            MaxAttempts = options.MaxAttempts,
            ThrottlePatience = options.ThrottlePatience,
            PausePatience = options.ThrottlePatience,
            Queue = batch.SyncId,
            ListIsNewUntil = batch.ListMadeAt + NewList,
            Log = log,
            Gate = batch.Gate,
        };
        await SendAsync(call, HttpMethod.Post, path, content, stop);
        return call;
    }

    private async Task<object> ControlAsync(IterableCall call, HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        await SendAsync(call, method, path, content, cancellationToken);
        if (call.Answer?.Content is { } answer)
        {
            return answer;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var failed = call.IsPausedOut || call.Answer is null
            ? Answer.Failed(FailureCategory.Throttled, "the project is paused after a 429", mayBeApplied: false)
            : call.Answer;
        throw new IterableFailureException(failed.Failure.Category, failed.MessageFor(call.Project), failed.Status);
    }

    private async Task SendAsync(IterableCall call, HttpMethod method, string path, HttpContent? content, CancellationToken stop)
    {
        if (call.Project.ApiKey.AsSpan().ContainsAnyExceptInRange('!', '~') || call.Project.ApiKey.Length == 0)
        {
            call.Refuse(FailureCategory.WrongKey, "not asked, since the API key holds characters that no key has");
            return;
        }

        using var request = new HttpRequestMessage(method, options.BaseUrls.For(call.Project.DataCenter, path)) { Content = content };
        request.Headers.TryAddWithoutValidation("Api-Key", call.Project.ApiKey);
        call.AttachTo(request);
        try
        {
            // The body was read by the attempt that brought it. Asked to buffer it, the client would look at the token again and
            // throw away an answer that came after the stop.
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        }
        catch (AttemptFailedException)
        {
            // call.Answer says why
        }
        catch (ProjectPausedException)
        {
            call.IsPausedOut = true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the caller set the token, and knows
        }
    }
}

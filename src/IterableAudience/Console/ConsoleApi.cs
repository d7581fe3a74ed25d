using System.Text;
using System.Text.Json;
using IterableAudience.Hosting;

namespace IterableAudience.Console;

/// <summary>
/// The API, as the console uses it: like any other client, with the rights of whoever is signed in, but without a wire. So roles, masking, validation and
/// the texts of errors are the API's own, and there is no second truth.
/// </summary>
internal sealed class ConsoleApi(IHttpContextAccessor accessor, InnerRequests inner)
{
    /// <exception cref="ConsoleFailure">The service itself can't answer: no page may say then that there is nothing.</exception>
    public async Task<ApiAnswer<T>> GetAsync<T>(string address)
    {
        var answer = await SendAsync<T>(HttpMethods.Get, address, null, null);
        return answer.Status is StatusCodes.Status500InternalServerError or StatusCodes.Status503ServiceUnavailable ? throw new ConsoleFailure(answer.Problem!) : answer;
    }

    public Task<ApiAnswer<T>> PostAsync<T>(string address, object? body = null) => SendAsync<T>(HttpMethods.Post, address, Json(body ?? new object()), "application/json");

    public Task<ApiAnswer<T>> PutAsync<T>(string address, object body) => SendAsync<T>(HttpMethods.Put, address, Json(body), "application/json");

    public Task<ApiAnswer<object>> DeleteAsync(string address) => SendAsync<object>(HttpMethods.Delete, address, null, null);

    /// <param name="method">Of the request.</param>
    /// <param name="address">Path and query; parts that come from elsewhere are escaped.</param>
    /// <param name="body">What is sent; null is no body.</param>
    /// <param name="contentType">Of the body.</param>
    public async Task<ApiAnswer<T>> SendAsync<T>(string method, string address, Stream? body, string? contentType)
    {
        var context = accessor.HttpContext!;
        var (status, bytes) = await inner.SendAsync(method, address, context.User, body, contentType, context.RequestAborted);
        if (status >= StatusCodes.Status400BadRequest)
        {
            return new(status, default, JsonSerializer.Deserialize<ApiProblem>(bytes, JsonSetup.Options));
        }

        return new(status, bytes.Length == 0 ? default : JsonSerializer.Deserialize<T>(bytes, JsonSetup.Options), null);
    }

    private static MemoryStream Json(object body) => new(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(body, JsonSetup.Options)));
}

/// <summary>What the API answered: a value, or the problem.</summary>
internal sealed record ApiAnswer<T>(int Status, T? Value, ApiProblem? Problem);

/// <summary>An error answer, as far as a page shows it.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">For people.</param>
/// <param name="Errors">The faulty fields by their JSON path.</param>
/// <param name="SyncId">The sync that stands against it.</param>
/// <param name="ExistingListId">The list that has the wanted name already.</param>
public sealed record ApiProblem(
    int Status, string Detail, IReadOnlyDictionary<string, string[]>? Errors = null, string? SyncId = null, long? ExistingListId = null)
{
    internal static ApiProblem Of(ProblemAnswer problem) => new(problem.Status, problem.Detail, problem.Errors);

    /// <summary>The faults of one field, at its path or below.</summary>
    public IEnumerable<string> Of(string path)
        => (Errors ?? new Dictionary<string, string[]>()).Where(e => e.Key == path).SelectMany(e => e.Value);
}

/// <summary>A page can't be drawn, for a reason that the API has given.</summary>
internal sealed class ConsoleFailure(ApiProblem problem) : Exception(problem.Detail)
{
    public ApiProblem Problem { get; } = problem;
}

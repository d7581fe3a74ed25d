using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace IterableAudience.Hosting;

/// <summary>
/// Every error answer of the service: <c>application/problem+json</c> with <c>title</c>, <c>status</c>, <c>detail</c>, <c>errors</c> (field → messages)
/// and, for RudderStack's clients, <c>error</c> (the text of <c>detail</c>). Holds no personal data.
/// </summary>
/// <remarks>
/// Written here and not by the framework's problem details service, which stays silent when the client's <c>Accept</c> names another media type:
/// somebody who asked for CSV still has to read why there is none.
/// </remarks>
internal sealed class ProblemAnswer : IResult, IStatusCodeHttpResult
{
    // It is JSON and never part of a page, so apostrophes and brackets stay readable.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly JsonObject _more = [];
    private int? _retryAfterSeconds;

    private ProblemAnswer(int status, string detail)
    {
        Status = status;
        Detail = detail;
    }

    public int Status { get; }

    int? IStatusCodeHttpResult.StatusCode => Status;

    public string Detail { get; }

    /// <summary>The faulty fields by their JSON path.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; private init; } = new Dictionary<string, string[]>();

    public static ProblemAnswer Of(int status, string detail) => new(status, detail);

    public static ProblemAnswer BadRequest(string detail) => new(StatusCodes.Status400BadRequest, detail);

    /// <summary>One faulty field.</summary>
    public static ProblemAnswer BadField(string field, string message)
        => BadFields(new Dictionary<string, string[]> { [field] = [message] });

    /// <summary>All faulty fields at once; at least one.</summary>
    public static ProblemAnswer BadFields(IReadOnlyDictionary<string, string[]> errors)
    {
        var messages = errors.Sum(e => e.Value.Length);
        var detail = messages == 1
            ? $"{errors.First().Key}: {errors.First().Value[0]}"
            : $"{errors.Count} {(errors.Count == 1 ? "field is" : "fields are")} wrong: {string.Join(", ", errors.Keys)}. See errors.";
        return new(StatusCodes.Status400BadRequest, detail) { Errors = errors };
    }

    /// <summary>An unknown id in the path; <paramref name="what"/> is the thing's word, e.g. <c>account</c>.</summary>
    public static ProblemAnswer NotFound(string what) => new(StatusCodes.Status404NotFound, $"There is no {what} with this id.");

    public static ProblemAnswer NotInWarehouse(string what)
        => new(StatusCodes.Status404NotFound, $"The warehouse has no {what} with this name, or the account may not look into it.");

    public static ProblemAnswer Conflict(string detail) => new(StatusCodes.Status409Conflict, detail);

    /// <summary>Iterable or the warehouse can't be reached, or refuses in a control call.</summary>
    public static ProblemAnswer BadGateway(string detail) => new(StatusCodes.Status502BadGateway, detail);

    /// <summary>Adds a member beside the standard ones, e.g. <c>existingListId</c>.</summary>
    public ProblemAnswer With(string member, JsonNode value)
    {
        _more[member] = value;
        return this;
    }

    public ProblemAnswer RetryAfter(TimeSpan wait)
    {
        _retryAfterSeconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        return this;
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (Addresses.WantsPage(httpContext.Request) && httpContext.RequestServices.GetService<ErrorPage>() is { } page)
        {
            httpContext.Response.StatusCode = Status;
            await page(httpContext, this);
            return;
        }

        var errors = new JsonObject(Errors.Select(e =>
            KeyValuePair.Create<string, JsonNode?>(e.Key, new JsonArray([.. e.Value.Select(m => JsonValue.Create(m))]))));
        var body = new JsonObject
        {
            ["title"] = ReasonPhrases.GetReasonPhrase(Status),
            ["status"] = Status,
            ["detail"] = Detail,
            ["errors"] = errors,
            ["error"] = Detail,
        };
        foreach (var (member, value) in _more)
        {
            body[member] = value?.DeepClone();
        }

        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (_retryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(body, Readable), httpContext.RequestAborted);
    }
}

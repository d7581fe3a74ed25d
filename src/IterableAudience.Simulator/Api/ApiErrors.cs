using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Api;

/// <summary>Iterable's error answers: <c>{"msg", "code", "params"}</c>, with its wording and its oddities.</summary>
internal static class ApiErrors
{
    /// <summary>NOTE: the code really is "Success". Clients must go by the status.</summary>
    public static ApiAnswer InvalidListId(int projectId, long listId) => Envelope(400, $"error.lists.invalidListId({listId})", "Success", json =>
    {
        json.WriteNumber("projectId", projectId);
        json.WriteNumber("listId", listId);
    });

    public static ApiAnswer BadParams(string msg, Action<Utf8JsonWriter>? parameters = null) => Envelope(400, msg, "BadParams", parameters);

    public static ApiAnswer InvalidEmail(string email) => Envelope(400, "Invalid email: " + email, "InvalidEmailAddressError");

    public static ApiAnswer BatchTooLarge(int rows, int limit)
        => Envelope(400, $"Batch of {rows} subscribers exceeds the limit of {limit}", "BatchTooLarge");

    public static ApiAnswer ListInUse() => Envelope(409, "List is in use", "BadParams");

    public static ApiAnswer Success(string msg) => Envelope(200, msg, "Success");

    public static ApiAnswer BodyTooLarge() => ApiAnswer.Html(413, "Request Entity Too Large", "Request Entity Too Large");

    public static ApiAnswer ActionNotFound(HttpContext context)
        => ApiAnswer.Html(404, "Action not found", $"For request '{context.Request.Method} {context.Request.Path}'");

    public static ApiAnswer InvalidJson(string detail) => ApiAnswer.Html(400, "Bad Request", $"For request [Invalid Json: {detail}]");

    public static ApiAnswer Generic() => Envelope(
        500, "An error occurred. Please try again later. If problem persists, please contact your CSM", "GenericError");

    public static ApiAnswer BadApiKey(HttpContext context) => Envelope(401, "Invalid API key", "BadApiKey", json =>
    {
        json.WriteString("ip", context.Connection.RemoteIpAddress?.ToString());
        json.WriteString("endpoint", context.Request.Path);
    });

    public static ApiAnswer InsufficientKey(HttpContext context, string key, KeyType type)
        => Envelope(401, "Disabled API key or insufficient privileges", "BadApiKey", json =>
        {
            json.WriteString("ip", context.Connection.RemoteIpAddress?.ToString());
            json.WriteString("endpoint", context.Request.Path);
            json.WriteString("apiKeyIdentifier", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..16]);
            json.WriteString("apiKeyType", type == KeyType.Disabled ? nameof(KeyType.ServerSide) : type.ToString());
        });

    /// <summary>
    /// A body of wrong types. Its text repeats the whole body and every request header, the API key included, as recordings show: a client that
    /// logs it has leaked.
    /// </summary>
    public static ApiAnswer BadJsonBody(ApiCall call, Action<Utf8JsonWriter> parameters)
    {
        var headers = string.Join(", ", call.Context.Request.Headers.Select(header => $"({header.Key},{header.Value})"));
        var msg = $"[{call.Path}] Invalid JSON body: {Encoding.UTF8.GetString(call.Body.Span)} Headers: {headers}";
        return Envelope(400, msg, "BadJsonBody", parameters);
    }

    public static ApiAnswer RateLimited(ApiCall call, string limit, string? retryAfter, bool plainText)
    {
        var answer = plainText
            ? ApiAnswer.Text(429, "Too Many Requests")
            : Envelope(429, $"Exceeded rate limit of {limit} for endpoint: {call.Path}, project: {call.Project.Id} ", "RateLimitExceeded", _ => { });
        return new ApiAnswer { Status = 429, ContentType = answer.ContentType, Body = answer.Body, RetryAfter = retryAfter };
    }

    public static string? RetryAfter(RetryAfterForm form, TimeSpan wait, DateTimeOffset now) => form switch
    {
        RetryAfterForm.Seconds => Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture),
        // The date has whole seconds: one more, or it would often be in the past already.
        RetryAfterForm.HttpDate => now.Add(wait).AddSeconds(1).ToString("R", CultureInfo.InvariantCulture),
        _ => null,
    };

    private static ApiAnswer Envelope(int status, string msg, string code, Action<Utf8JsonWriter>? parameters = null)
        => ApiAnswer.Json(status, json =>
        {
            json.WriteStartObject();
            json.WriteString("msg", msg);
            json.WriteString("code", code);
            if (parameters is null)
            {
                json.WriteNull("params");
            }
            else
            {
                json.WriteStartObject("params");
                parameters(json);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });
}

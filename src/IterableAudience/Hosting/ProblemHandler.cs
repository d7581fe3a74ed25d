using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Net.Http.Headers;

namespace IterableAudience.Hosting;

/// <summary>Which problem a kind of exception is (null: a bug after all); a slice registers one for the failures that it lets through.</summary>
internal sealed record ExceptionProblem(Type Exception, Func<Exception, ProblemAnswer?> Answer);

/// <summary>Turns what a request threw into its error answer. A bug is logged once and answered without any of its text.</summary>
internal sealed partial class ProblemHandler(IEnumerable<ExceptionProblem> known, ILogger<ProblemHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var answer = exception switch
        {
            BadHttpRequestException bad => BadRequest(bad),
            JsonException json => BadJson(json),
            InvalidOperationException when NamesUnknownCharset(httpContext.Request) => ProblemAnswer.Of(
                StatusCodes.Status415UnsupportedMediaType, "The charset of the body is unknown. Send it as application/json in UTF-8."),
            _ => known.FirstOrDefault(k => k.Exception.IsInstanceOfType(exception))?.Answer(exception) ?? Bug(exception),
        };
        await answer.ExecuteAsync(httpContext);
        return true;
    }

    private static bool NamesUnknownCharset(HttpRequest request)
        => MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type is { Charset.Length: > 0, Encoding: null };

    private static ProblemAnswer BadRequest(BadHttpRequestException bad)
    {
        if (bad.InnerException is JsonException json)
            return BadJson(json);
        if (bad.StatusCode != StatusCodes.Status400BadRequest)
            return ProblemAnswer.Of(bad.StatusCode, Problems.Explain(bad.StatusCode));

        return bad.Message.Contains("no body was provided", StringComparison.Ordinal)
            ? ProblemAnswer.BadRequest("The request has no body: send a JSON object as application/json.")
            : ProblemAnswer.BadRequest("The request can't be read: it ended early or isn't valid HTTP.");
    }

    private static ProblemAnswer BadJson(JsonException json)
    {
        var path = json.Path is { Length: > 2 } p && p.StartsWith("$.", StringComparison.Ordinal) ? p[2..] : null;
        if (json.Message.Contains("maximum configured depth", StringComparison.Ordinal))
            return ProblemAnswer.BadRequest($"The JSON body is nested too deeply: at most {JsonSetup.MaxDepth} levels are taken.");
        if (WrongType().Match(json.Message) is { Success: true } match)
        {
            var inner = json.InnerException?.Message ?? "";
            var message = inner.Contains("UTF-", StringComparison.Ordinal)
                ? "must be valid Unicode, sent as UTF-8."
                : $"must be {Expected(match.Groups["type"].Value, inner)}.";
            return path is null ? ProblemAnswer.BadRequest($"The JSON body {message}") : ProblemAnswer.BadField(path, message);
        }

        if (Missing().Match(json.Message) is { Success: true } missing)
            return ProblemAnswer.BadField(missing.Groups["name"].Value, "is required; it may be null.");
        if (json.Message.StartsWith("Duplicate property", StringComparison.Ordinal))
            return ProblemAnswer.BadRequest("The JSON body has a member twice in one object; send each once.");
        var where = json.LineNumber is { } line ? $" (line {line + 1}, byte {json.BytePositionInLine + 1})" : "";
        return ProblemAnswer.BadRequest($"The body isn't valid JSON{where}.");
    }

    /// <summary>The serializer names the type it wanted in its own words: of the member, or, for a record's constructor, only in the inner exception.</summary>
    private static string Expected(string type, string inner)
    {
        bool Says(string word) => type.Contains(word, StringComparison.Ordinal) || inner.Contains(word, StringComparison.Ordinal);
        return type.EndsWith("[]", StringComparison.Ordinal) || type.StartsWith("System.Collections.", StringComparison.Ordinal) ? "an array"
            : Says("System.String") || Says("as a string") ? "text"
            : Says("System.Boolean") || Says("as a boolean") ? "true or false"
            : Says("Int32") || Says("Int64") ? "a whole number"
            : Says("System.Double") || Says("as a number") ? "a number"
            : "an object";
    }

    private ProblemAnswer Bug(Exception exception)
    {
        Log.Unhandled(logger, exception);
        return ProblemAnswer.Of(
            StatusCodes.Status500InternalServerError,
            "The service failed at this request. It is a fault of the service; its log has the details.");
    }

    [GeneratedRegex("""could not be converted to (?<type>.+?)\. Path:""")]
    private static partial Regex WrongType();

    [GeneratedRegex("""missing required properties including: '(?<name>\w+)'""")]
    private static partial Regex Missing();

    private static partial class Log
    {
        [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "A request failed with an exception that nobody expected")]
        public static partial void Unhandled(ILogger logger, Exception exception);
    }
}

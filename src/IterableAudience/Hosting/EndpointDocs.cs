using System.Text.Json.Nodes;

namespace IterableAudience.Hosting;

/// <summary>An example body of a route. <c>{accountId}</c>, <c>{destinationId}</c>, <c>{connectionId}</c> and <c>{audienceId}</c> stand for ids; see <see cref="LiveIds"/>.</summary>
internal sealed record BodyExample(string Body, string MediaType, string Name);

/// <summary>Statuses from 400 on that a route answers beside those that every route of its kind does.</summary>
internal sealed record MoreErrors(int[] Statuses);

/// <summary>The media types that a handler takes which reads its body itself.</summary>
internal sealed record StreamedBody(string[] MediaTypes);

/// <summary>
/// How a route tells the OpenAPI document what its signature can't. Summary and parameter texts are the XML comments of the handler method,
/// the role comes from <see cref="Roles.Needs"/>; 400, 401, 403, 404, 413, 415 and 429 follow from body, role and path.
/// <code>
/// group.MapPost("/", Create).Validate&lt;ThingRequest&gt;().Answers(409, 502).Example("""{ "name": "…" }""");
/// group.MapPost("/{id}/syncs", Push).Streams("application/json", "application/x-ndjson").Example("…", "application/x-ndjson", "Two people");
/// </code>
/// </summary>
internal static class EndpointDocs
{
    /// <summary>Adds an example body; the first of a media type is the one that "Try it out" shows.</summary>
    public static RouteHandlerBuilder Example(this RouteHandlerBuilder route, string body, string mediaType = "application/json", string name = "Example")
    {
        // A broken example fails at start, not in the hands of whoever tries it.
        if (mediaType == "application/json")
            _ = JsonNode.Parse(body);
        return route.WithMetadata(new BodyExample(body, mediaType, name));
    }

    /// <summary>Names further error statuses, e.g. 409 and 502.</summary>
    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder route, params int[] statuses) => route.WithMetadata(new MoreErrors(statuses));

    /// <summary>The handler reads the body itself, so the document has to be told what it takes.</summary>
    public static RouteHandlerBuilder Streams(this RouteHandlerBuilder route, params string[] mediaTypes) => route.WithMetadata(new StreamedBody(mediaTypes));
}

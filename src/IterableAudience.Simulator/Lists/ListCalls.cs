using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Lists;

/// <summary>The list calls that don't change memberships.</summary>
internal static class ListCalls
{
    private const int FlushEvery = 64 * 1024;

    public static ApiAnswer ListAll(ApiCall call) => ApiAnswer.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("lists");
        foreach (var list in call.Project.Lists())
        {
            json.WriteStartObject();
            json.WriteNumber("id", list.Id);
            json.WriteString("name", list.Name);
            if (list.Description is not null)
                json.WriteString("description", list.Description);
            json.WriteNumber("createdAt", list.CreatedAt.ToUnixTimeMilliseconds());
            json.WriteString("listType", list.Type.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static ApiAnswer Create(ApiCall call)
    {
        JsonElement body;
        try
        {
            body = JsonElement.Parse(call.Body.Span);
        }
        catch (JsonException)
        {
            return ApiErrors.InvalidJson(call.Body.IsEmpty ? "No content to map due to end-of-input" : "Unexpected character or end-of-input");
        }

        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("name", out var name))
            return BadName(call, "error.path.missing");
        if (name.ValueKind != JsonValueKind.String)
            return BadName(call, "error.expected.jsstring");

        var described = body.TryGetProperty("description", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        if (call.Behaviour.UniqueListNames && call.Project.Lists().Any(list => list.Name == name.GetString()))
            return ApiErrors.BadParams("A list with this name already exists");
        var list = call.Project.AddList(name.GetString()!, description: described, knownAfterMs: call.Behaviour.NewListDelayMs);
        return ApiAnswer.Json(200, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("listId", list.Id);
            json.WriteEndObject();
        });
    }

    public static ApiAnswer Delete(ApiCall call)
    {
        var list = call.ListId is { } id ? call.Project.FindList(id) : null;
        if (list is null)
            return ApiErrors.BadParams($"error.lists.deleteFailed({call.Context.Request.RouteValues["listId"]})");
        if (list.IsInUse)
            return ApiErrors.ListInUse();
        call.Project.RemoveList(list.Id);
        return ApiErrors.Success($"List {list.Id} in Project {call.Project.Id} was successfully deleted.");
    }

    public static ApiAnswer Size(ApiCall call)
    {
        if (call.ListId is not { } id || call.Project.FindList(id) is not { } list)
            return InvalidList(call);
        lock (call.Project.Gate)
            return ApiAnswer.Text(200, list.Visible(call.Now).Count.ToString(CultureInfo.InvariantCulture));
    }

    public static ApiAnswer GetUsers(ApiCall call)
    {
        if (call.ListId is not { } id || call.Project.FindList(id) is not { } list)
            return InvalidList(call);
        var preferUserId = bool.TryParse(call.Context.Request.Query["preferUserId"], out var prefer) && prefer;
        SimulatedUser[] users;
        lock (call.Project.Gate)
            users = [.. list.Visible(call.Now)];
        return new ApiAnswer
        {
            ContentType = "text/plain; charset=UTF-8",
            Stream = (output, cancellationToken) => WriteUsersAsync(output, users, preferUserId, cancellationToken),
        };
    }

    private static async Task WriteUsersAsync(PipeWriter output, SimulatedUser[] users, bool preferUserId, CancellationToken cancellationToken)
    {
        foreach (var user in users)
        {
            output.Write(user.Exported(preferUserId));
            output.Write("\n"u8);
            if (output.UnflushedBytes >= FlushEvery)
                await output.FlushAsync(cancellationToken);
        }

        await output.FlushAsync(cancellationToken);
    }

    private static ApiAnswer InvalidList(ApiCall call) => ApiErrors.BadParams("Invalid email list id", json =>
    {
        json.WriteString("projectId", call.Project.Id.ToString(CultureInfo.InvariantCulture));
        json.WriteString("listId", call.Context.Request.RouteValues["listId"] as string ?? call.Context.Request.Query["listId"]);
    });

    private static ApiAnswer BadName(ApiCall call, string msg) => ApiErrors.BadJsonBody(call, json =>
    {
        json.WriteStartArray("obj.name");
        json.WriteStartObject();
        json.WriteString("msg", msg);
        json.WriteStartArray("args");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    });
}

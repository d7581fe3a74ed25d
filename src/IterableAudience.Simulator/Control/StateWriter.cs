using System.Text.Encodings.Web;
using System.Text.Json;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Control;

internal readonly record struct StateQuery(bool Members, bool Users, int? Project, long? List);

/// <summary>Streams the state as JSON: a benchmark's list has a million members.</summary>
internal static class StateWriter
{
    private const int FlushEvery = 64 * 1024;

    public static async Task WriteAsync(HttpContext context, World world, StateQuery query, CancellationToken cancellationToken)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WritePropertyName("settings");
        JsonSerializer.Serialize(json, world.Behaviour, ControlJson.Options);
        json.WritePropertyName("counters");
        JsonSerializer.Serialize(json, world.Log.Counters, ControlJson.Options);
        json.WriteStartArray("projects");
        foreach (var project in world.Projects.Where(project => query.Project is null || query.Project == project.Id))
            await WriteProjectAsync(json, context, project, query, cancellationToken);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static async Task WriteProjectAsync(
        Utf8JsonWriter json, HttpContext context, SimulatedProject project, StateQuery query, CancellationToken cancellationToken)
    {
        json.WriteStartObject();
        json.WriteNumber("id", project.Id);
        json.WriteString("name", project.Options.Name);
        json.WriteString("type", ControlJson.Name(project.Type));
        json.WriteString("dataCenter", ControlJson.Name(project.Options.DataCenter));
        json.WriteStartArray("lists");
        foreach (var list in project.Lists().Where(list => query.List is null || query.List == list.Id))
        {
            var members = project.Members(list.Id);
            json.WriteStartObject();
            json.WriteNumber("id", list.Id);
            json.WriteString("name", list.Name);
            json.WriteString("type", list.Type.ToString());
            json.WriteNumber("size", members.Count);
            json.WriteNumber("visibleSize", project.Members(list.Id, visibleOnly: true).Count);
            if (query.Members)
                await WritePeopleAsync(json, "members", members, context, cancellationToken);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        var people = project.People();
        json.WriteNumber("userCount", people.Count);
        if (query.Users)
            await WritePeopleAsync(json, "users", people, context, cancellationToken);
        var (emails, userIds) = project.Forgotten();
        json.WriteStartObject("forgotten");
        WriteStrings(json, "emails", emails);
        WriteStrings(json, "userIds", userIds);
        json.WriteEndObject();
        json.WriteStartArray("channelOptOuts");
        foreach (var (person, listId) in project.ChannelOptOuts())
        {
            json.WriteStartObject();
            WriteIdentity(json, person);
            json.WriteNumber("listId", listId);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static async Task WritePeopleAsync(
        Utf8JsonWriter json, string name, IReadOnlyList<Person> people, HttpContext context, CancellationToken cancellationToken)
    {
        json.WriteStartArray(name);
        foreach (var person in people)
        {
            json.WriteStartObject();
            WriteIdentity(json, person);
            json.WriteEndObject();
            if (json.BytesPending >= FlushEvery)
            {
                json.Flush();
                await context.Response.BodyWriter.FlushAsync(cancellationToken);
            }
        }

        json.WriteEndArray();
    }

    private static void WriteIdentity(Utf8JsonWriter json, Person person)
    {
        if (person.Email is not null)
            json.WriteString("email", person.Email);
        if (person.UserId is not null)
            json.WriteString("userId", person.UserId);
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

using System.Text;
using System.Text.Json;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Identifiers;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Users;

/// <summary>The user calls: who someone is and on which lists, and forgetting.</summary>
internal static class UserCalls
{
    public static ApiAnswer GetByUserId(ApiCall call)
    {
        var userId = Encoding.UTF8.GetBytes(call.Context.Request.RouteValues["userId"] as string ?? "");
        lock (call.Project.Gate)
        {
            var user = call.Project.Users.FindByUserId(userId);
            return user is null && call.Behaviour.Answers == AnswerEra.Recorded2017
                ? ApiAnswer.Text(400, "No user with that id exists!")
                : View(call, user);
        }
    }

    public static ApiAnswer GetByEmail(ApiCall call)
    {
        string email = call.Context.Request.RouteValues["email"] as string ?? call.Context.Request.Query["email"].ToString();
        var bytes = Encoding.UTF8.GetBytes(email);
        if (!EmailForm.IsValid(bytes))
            return ApiErrors.InvalidEmail(email);
        lock (call.Project.Gate)
            return View(call, call.Project.Users.FindByEmail(EmailForm.Canonical(bytes).Span));
    }

    public static ApiAnswer Forget(ApiCall call)
    {
        string? email, userId;
        try
        {
            var body = JsonElement.Parse(call.Body.Span);
            email = Text(body, "email");
            userId = Text(body, "userId");
        }
        catch (JsonException)
        {
            return ApiErrors.InvalidJson("Unexpected character or end-of-input");
        }

        if (email is null && userId is null)
            return ApiErrors.BadParams("Either email or userId must be set");
        if (email is not null && !EmailForm.IsValid(Encoding.UTF8.GetBytes(email)))
            return ApiErrors.InvalidEmail(email);
        call.Project.Forget(email, userId);
        return ApiErrors.Success("");
    }

    private static string? Text(JsonElement body, string name)
        => body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static ApiAnswer View(ApiCall call, SimulatedUser? user) => ApiAnswer.Json(200, json =>
    {
        json.WriteStartObject();
        if (user is not null)
        {
            var person = user.ToPerson();
            json.WriteStartObject("user");
            WriteIdentity(json, person);
            json.WriteNumber("projectId", call.Project.Id);
            json.WriteStartObject("dataFields");
            WriteIdentity(json, person);
            json.WriteStartArray(call.Project.Type == SimulatedProjectType.EmailBased ? "emailListIds" : "userListIds");
            foreach (var list in call.Project.Lists().Where(list => list.Shows(user, call.Now)))
                json.WriteNumberValue(list.Id);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    });

    private static void WriteIdentity(Utf8JsonWriter json, Person person)
    {
        if (person.Email is not null)
            json.WriteString("email", person.Email);
        if (person.UserId is not null)
            json.WriteString("userId", person.UserId);
    }
}

using System.Runtime.InteropServices;
using System.Text.Json;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Lists;

/// <summary>
/// <c>POST /api/lists/subscribe</c> and <c>/unsubscribe</c>. A wrong body or list refuses the call; a wrong row costs only itself. A dynamic list is
/// accepted and left as it is, as recorded.
/// </summary>
internal static class SubscriberCalls
{
    /// <summary>Answers the call, or refuses it; a <see cref="BulkAnswer"/> is kept apart so that a fault can still falsify its counts.</summary>
    public static (BulkAnswer? Bulk, ApiAnswer? Refusal) Apply(ApiCall call)
    {
        var request = call.Subscribers!;
        if (Refusal(call, request) is { } refusal)
            return (null, refusal);
        var project = call.Project;
        if (project.FindList(request.ListId!.Value) is not { } list || list.KnownFrom > call.Now)
            return (null, ApiErrors.InvalidListId(project.Id, request.ListId.Value));

        var rows = CollectionsMarshal.AsSpan(request.Rows);
        var answer = new BulkAnswer();
        lock (project.Gate)
        {
            if (call.Behaviour.UnidentifiableRows == UnidentifiableRow.RefusesTheCall && call.Kind == CallKind.Subscribe && AnyUnidentifiable(project, rows))
                return (null, ApiErrors.BadParams("User does not exist"));
            if (call.Kind == CallKind.Subscribe)
                Subscribe(call, list, rows, answer);
            else
                Unsubscribe(call, list, rows, answer);
        }

        answer.FailCount = rows.Length - answer.SuccessCount;
        return (answer, null);
    }

    private static void Subscribe(ApiCall call, SimulatedList list, ReadOnlySpan<SubscriberRow> rows, BulkAnswer answer)
    {
        var rules = new SubscribeRules(call.Project, call.Behaviour, call.Subscribers!.UpdateExistingUsersOnly ?? false, answer);
        foreach (ref readonly var row in rows)
        {
            if (rules.Resolve(row) is not { } user)
                continue;
            answer.SuccessCount++;
            Put(call, list, user, on: true);
        }
    }

    private static void Unsubscribe(ApiCall call, SimulatedList list, ReadOnlySpan<SubscriberRow> rows, BulkAnswer answer)
    {
        foreach (ref readonly var row in rows)
        {
            if (!RowChecks.Pass(call.Project, row, answer))
                continue;
            if (Find(call.Project, row) is not { } user)
            {
                if (ActsByUserId(call.Project, row))
                    answer.Fail(FailureList.NotFoundUserIds, row.UserId);
                else
                    answer.Fail(FailureList.NotFoundEmails, row.Email);
                continue;
            }

            // Someone who isn't on the list counts as a success too.
            answer.SuccessCount++;
            Put(call, list, user, on: false);
            if (call.Subscribers!.ChannelUnsubscribe == true)
                call.Project.OptOutOfChannel(user, list.Id);
        }
    }

    private static void Put(ApiCall call, SimulatedList list, SimulatedUser user, bool on)
    {
        if (list.Type == ListType.Standard)
            list.Put(user, on, call.Now, call.Behaviour.MembershipDelayMs);
    }

    private static SimulatedUser? Find(SimulatedProject project, in SubscriberRow row)
    {
        if (ActsByUserId(project, row))
            return project.Users.FindByUserId(row.UserId.Span);
        return project.Type == SimulatedProjectType.UserIdBased ? null : project.Users.FindByEmail(row.EmailKey.Span);
    }

    private static bool ActsByUserId(SimulatedProject project, in SubscriberRow row)
        => row.HasUserId && (!row.HasEmail || project.Type != SimulatedProjectType.EmailBased);

    private static bool AnyUnidentifiable(SimulatedProject project, ReadOnlySpan<SubscriberRow> rows)
    {
        foreach (ref readonly var row in rows)
        {
            if (RowChecks.IsUnidentifiable(project, row))
                return true;
        }

        return false;
    }

    private static ApiAnswer? Refusal(ApiCall call, SubscribersRequest request)
    {
        if (request.Malformed is { } malformed)
            return ApiErrors.InvalidJson(malformed);
        if (request.TypeErrors.Count > 0)
            return ApiErrors.BadJsonBody(call, json => WriteTypeErrors(json, request));
        var limit = call.Behaviour.MaxSubscribers;
        if (limit > 0 && request.Rows.Count > limit)
            return ApiErrors.BatchTooLarge(request.Rows.Count, limit);
        return request.Rows.Exists(row => !row.HasEmail && !row.HasUserId)
            ? ApiErrors.BadParams("Either email or userId must be set: ApiSubscriber(None,None)")
            : null;
    }

    private static void WriteTypeErrors(Utf8JsonWriter json, SubscribersRequest request)
    {
        foreach (var (path, expected) in request.TypeErrors)
            json.WriteString(path, expected);
    }
}

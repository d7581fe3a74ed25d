using IterableAudience.Connections;
using IterableAudience.Destinations;
using IterableAudience.Sources;
using IterableAudience.Syncs;

namespace IterableAudience.Console.Wizard;

/// <summary>
/// Makes what a draft says, piece by piece, and notes in the draft what is there already: whoever comes back to a later step goes on from it. Until the end the
/// connection is started by hand only, so that nothing begins by itself while somebody is still setting it up.
/// </summary>
internal sealed class WizardMaker(ConsoleApi api, WizardData data, WizardDrafts drafts)
{
    /// <summary>The field that has the id of the connection, once it is made.</summary>
    public const string Made = "made.connectionId";

    /// <summary>The field that has the id of the sync that runs the plan.</summary>
    public const string RanAs = "made.ranAs";

    /// <summary>The plan that it runs.</summary>
    private const string RanPlan = "made.ranPlan";

    /// <summary>What of a connection can't be changed, as it was made.</summary>
    private const string MadeOf = "made.of";

    /// <summary>Source, destination and connection, each made if it isn't yet.</summary>
    /// <param name="draft">Is saved after each piece, also when the visitor has gone: what is made must not be made twice.</param>
    /// <param name="fields">Of the draft.</param>
    /// <returns>The problem, with the faulty fields by the names of the form's; null when the connection is there.</returns>
    public async Task<ApiProblem?> MakeAsync(string draft, FormFields fields)
    {
        foreach (var piece in new[] { MakeSourceAsync, MakeDestinationAsync, (Func<FormFields, Task<ApiProblem?>>)MakeConnectionAsync })
        {
            var problem = await piece(fields);
            await drafts.SaveAsync(draft, fields, CancellationToken.None);
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Plans the first sync.</summary>
    /// <returns>Its id, or the problem.</returns>
    public async Task<(string? SyncId, ApiProblem? Problem)> PlanAsync(FormFields fields)
    {
        var answer = await api.PostAsync<SyncEndpoints.SourceSync>($"/v2/retl-connections/{fields[Made]}/plan", new { syncType = "full" });
        return (answer.Value?.SyncId, answer.Problem);
    }

    /// <summary>Runs a plan, once: when something fails after it, whoever tries again goes on from there.</summary>
    /// <returns>The problem; null when the plan runs.</returns>
    public async Task<ApiProblem?> RunAsync(string draft, FormFields fields, string plan, string hash)
    {
        if (fields[RanPlan] == plan)
        {
            return null;
        }

        var answer = await api.PostAsync<PushEndpoint.StartedSync>($"/v2/retl-connections/{fields[Made]}/syncs/{Uri.EscapeDataString(plan)}/approve", new { planHash = hash });
        if (answer.Value is { } started)
        {
            (fields[RanPlan], fields[RanAs]) = (plan, started.SyncId);
            await drafts.SaveAsync(draft, fields, CancellationToken.None);
        }

        return answer.Problem;
    }

    /// <summary>Sets the schedule that was chosen, now that everything else is there.</summary>
    public async Task<(string? ConnectionId, ApiProblem? Problem)> FinishAsync(FormFields fields)
    {
        if (fields["source.kind"] == "none")
        {
            return (fields[Made], null);
        }

        var answer = await api.PutAsync<ConnectionView>($"/v2/retl-connections/{fields[Made]}", new { schedule = ConnectionForm.ScheduleOf(fields) });
        return (answer.Value?.Id, answer.Problem);
    }

    /// <summary>Takes back the connection that was made for the dry run, when nobody wants it; the list that was made for it stays, since Iterable's lists are never deleted from here.</summary>
    /// <returns>What has become of it.</returns>
    public async Task<Notice> TakeBackAsync(FormFields fields)
    {
        if (fields[Made].Length == 0)
        {
            return Notice.Good("What was filled in is discarded. Nothing was made.");
        }

        var kept = await TakeBackAsync(fields[Made]);
        return kept is null
            ? Notice.Good($"What was filled in is discarded, and so is the connection that was made for the dry run. List {fields["list.audienceId"]} stays in Iterable.")
            : Notice.Warn("What was filled in is discarded. The connection that was made for the dry run stays, started by hand only: it has sent something, or could not be deleted.", $"/connections/{fields[Made]}", "Look at it");
    }

    private async Task<ApiProblem?> MakeSourceAsync(FormFields fields)
    {
        if (fields["source.kind"] != "new" || await data.SourceAsync(fields) is not { } source)
        {
            return null;
        }

        var kind = (await data.AccountsAsync("source")).FirstOrDefault(a => a.Id == source.AccountId)?.Definition.Type;
        var answer = await api.PostAsync<SourceView>("/v2/retl-sources", new
        {
            name = source.Name, sourceType = source.SourceType, sourceDefinitionName = kind, accountId = source.AccountId, config = source.Config,
        });
        if (answer.Value is { } made)
        {
            (fields["source.kind"], fields["sourceId"]) = ("existing", made.Id);
        }

        return Under("source.", answer.Problem);
    }

    private async Task<ApiProblem?> MakeDestinationAsync(FormFields fields)
    {
        if (fields["destination.kind"] != "new")
        {
            return fields["destinationId"].Length > 0 ? null : Fault("destinationId", "is required: choose a destination, or name a new one.");
        }

        var answer = await api.PostAsync<DestinationEnvelope>("/v2/destinations", new
        {
            name = fields["destination.name"].Trim(), type = "ITERABLE_AUDIENCE", config = new { rudderAccountId = fields["destination.accountId"] },
        });
        if (answer.Value is { } made)
        {
            (fields["destination.kind"], fields["destinationId"]) = ("existing", made.Destination.Id);
        }

        return answer.Status == StatusCodes.Status409Conflict ? Fault("destination.name", answer.Problem!.Detail) : Under("destination.", answer.Problem);
    }

    private async Task<ApiProblem?> MakeConnectionAsync(FormFields fields)
    {
        var taken = WizardData.Taken(await data.AccountAsync(fields));
        var identifiers = ConnectionForm.IdentifiersOf(fields, taken);
        var settings = ConnectionForm.SettingsOf(fields);
        var creates = fields["list.kind"] == "create";
        var existingOnly = fields.IsOn("destinationConfig.updateExistingUsersOnly") && taken.Contains(Identifier.UserId);
        var of = $"{fields["source.kind"]} {fields["sourceId"]} {fields["destinationId"]} {fields["list.kind"]} {fields["list.audienceId"]} {existingOnly}";
        if (fields[Made].Length > 0 && fields[MadeOf] == of)
        {
            var changed = await api.PutAsync<ConnectionView>($"/v2/retl-connections/{fields[Made]}", new { identifiers, syncSettings = settings });
            if (changed.Status != StatusCodes.Status404NotFound)
            {
                return changed.Problem;
            }

            fields.Remove(Made); // somebody has deleted it
        }
        else if (fields[Made].Length > 0)
        {
            if (await TakeBackAsync(fields[Made]) is { } kept)
            {
                return kept;
            }

            fields.Remove(Made);
        }

        var answer = await api.PostAsync<ConnectionView>("/v2/retl-connections", new
        {
            destinationId = fields["destinationId"],
            sourceId = fields["source.kind"] == "none" ? null : fields["sourceId"],
            enabled = true,
            identifiers,
            syncSettings = settings,
            destinationConfig = new
            {
                audienceId = creates ? null : fields.Text("list.audienceId"),
                createList = creates ? new { name = fields["list.name"].Trim(), description = fields.Text("list.description") } : null,
                updateExistingUsersOnly = existingOnly,
            },
        });
        if (answer.Value is not { } made)
        {
            return answer.Problem!.ExistingListId is { } id
                ? Fault("list.name", $"The project has a list of this name already, with id {id}. Choose another name, or use the existing list.")
                : answer.Problem;
        }

        // The list is there now: going back must not make another one.
        (fields["list.kind"], fields["list.audienceId"], fields[Made]) = ("existing", $"{made.DestinationConfig.AudienceId}", made.Id);
        fields[MadeOf] = $"{fields["source.kind"]} {fields["sourceId"]} {fields["destinationId"]} existing {made.DestinationConfig.AudienceId} {existingOnly}";
        return null;
    }

    /// <summary>Deletes the connection that was made for another list, source or destination, if nothing but dry runs was done with it.</summary>
    private async Task<ApiProblem?> TakeBackAsync(string connection)
    {
        var there = await api.GetAsync<ConnectionView>($"/v2/retl-connections/{connection}");
        if (there.Status == StatusCodes.Status404NotFound)
        {
            return null;
        }

        var syncs = await api.GetAsync<SyncEndpoints.SyncPage>($"/v2/retl-connections/{connection}/syncs?per_page=500");
        if (there.Value is not { Members: 0 } || syncs.Value is not { Paging.Next: null } page || page.Syncs.Any(s => !s.DryRun))
        {
            return new(StatusCodes.Status409Conflict, "The connection that was made for the dry run has sent something since. It stays as it is; begin a new connection for another list, source or destination.");
        }

        return (await api.DeleteAsync($"/v2/retl-connections/{connection}")).Problem;
    }

    private static ApiProblem Fault(string field, string message)
        => new(StatusCodes.Status400BadRequest, message, new Dictionary<string, string[]> { [field] = [message] });

    /// <summary>The API names fields of its request; the form has them under a name.</summary>
    private static ApiProblem? Under(string prefix, ApiProblem? problem)
        => problem is null ? null : problem with { Errors = (problem.Errors ?? new Dictionary<string, string[]>()).ToDictionary(e => prefix + e.Key, e => e.Value) };
}

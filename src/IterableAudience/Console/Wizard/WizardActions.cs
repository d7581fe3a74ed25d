using IterableAudience.Accounts;
using IterableAudience.Hosting;
using IterableAudience.Syncs;

namespace IterableAudience.Console.Wizard;

/// <summary>What the buttons of the steps do. What a step lacks is said when somebody wants to go on; what only the API can know, when the connection is made.</summary>
internal sealed class WizardActions(ConsoleApi api, WizardData data, WizardMaker maker)
{
    private static readonly string[] OfAccount = ["name", "accountDefinitionName", "options.", "secret."];

    /// <summary>Takes what was posted into the draft, except an account's fields: they hold a secret, and go to the API only.</summary>
    /// <returns>The account's fields.</returns>
    public static FormFields Take(FormFields draft, FormFields posted)
    {
        var account = FormFields.Empty();
        foreach (var (name, value) in posted.All.Where(f => f.Key != "do"))
        {
            (IsOfAccount(name) ? account : draft)[name] = value;
        }

        return account;
    }

    /// <summary>A field of an account that is being added.</summary>
    public static bool IsOfAccount(string field) => OfAccount.Any(f => field == f || (f.EndsWith('.') && field.StartsWith(f, StringComparison.Ordinal)));

    /// <param name="draft">Id of the draft.</param>
    /// <param name="what">The button.</param>
    /// <param name="step">The step.</param>
    /// <param name="fields">The draft; changed where something was made.</param>
    /// <param name="account">Fields of an account that is to be added.</param>
    public async Task<StepResult> RunAsync(string draft, string what, string step, FormFields fields, FormFields account)
    {
        switch (what)
        {
            case "back":
                return new(Next: WizardSteps.Beside(step, -1, await data.SkippedAsync(fields)));
            case "next" or "":
                var lacks = await LacksAsync(step, fields);
                fields.Remove("list.search"); // else the list that was chosen may not be shown next time
                return new(lacks, Next: lacks is null ? WizardSteps.Beside(step, 1, await data.SkippedAsync(fields)) : null);
            case "add-account":
                var added = await api.PostAsync<AccountView>("/v2/accounts", AccountForm.Request(account));
                if (added.Value is { } made)
                {
                    fields[step == "source" ? "source.accountId" : "destination.accountId"] = made.Id;
                }

                return new(added.Problem, Next: added.Value is null ? null : step);
            case "test":
                return await TestAsync(step, fields);
            case "refresh":
                return new((await data.AccountAsync(fields)) is { } iterable ? await data.RefreshAsync(iterable.Id) : null);
            case "plan":
                return await PlanAsync(draft, fields);
            case "create":
                return await CreateAsync(draft, fields);
            case "discard":
                return new(Next: "/", Notice: await maker.TakeBackAsync(fields));
            default:
                return new(); // the step is shown again, with what was asked for
        }
    }

    private async Task<StepResult> TestAsync(string step, FormFields fields)
    {
        var field = step == "source" ? "source.accountId" : "destination.accountId";
        var chosen = step == "source" ? fields[field] : (await data.AccountAsync(fields))?.Id ?? "";
        if (chosen.Length == 0)
        {
            return new(Faults((field, true, "is required for a test: choose one, or add one.")));
        }

        var tested = await api.PostAsync<ListEndpoints.TestView>($"/v2/accounts/{Uri.EscapeDataString(chosen)}/test");
        return new(tested.Problem, tested.Value);
    }

    private async Task<ApiProblem?> LacksAsync(string step, FormFields fields) => step switch
    {
        "source" => await SourceLacksAsync(fields),
        "destination" => Faults(
            ("destinationId", fields["destination.kind"] != "new" && fields["destinationId"].Length == 0, "is required: choose one, or make a new one."),
            ("destination.name", fields["destination.kind"] == "new" && fields.Text("destination.name") is null, "is required."),
            ("destination.name", fields["destination.kind"] == "new" && (await data.DestinationsAsync()).Any(d => d.Name == fields["destination.name"].Trim()), "is taken: another destination has it."),
            ("destination.accountId", fields["destination.kind"] == "new" && fields["destination.accountId"].Length == 0, "is required: choose one, or add one.")),
        "list" => Faults(
            ("list.name", fields["list.kind"] == "create" && fields.Text("list.name") is null, "is required."),
            ("list.name", fields["list.kind"] == "create" && await ListIsThereAsync(fields), "is taken: the project has a list of this name. Choose another name, or use that list."),
            ("list.audienceId", fields["list.kind"] != "create" && fields["list.audienceId"].Length == 0, "is required: choose a list.")),
        "map" => await MapLacksAsync(fields),
        "settings" => Faults([.. new Connections.SyncSettings.Validator().Validate(ConnectionForm.SettingsOf(fields)).Errors.Select(e => ($"syncSettings.{Member(e.PropertyName)}", true, e.ErrorMessage))]),
        "schedule" => Faults([.. new Schedules.ScheduleValidator().Validate(ConnectionForm.ScheduleOf(fields)).Errors
            .Select(e => ($"schedule.{Member(e.PropertyName)}", true, e.ErrorMessage))]),
        _ => null,
    };

    private async Task<bool> ListIsThereAsync(FormFields fields)
        => await data.AccountAsync(fields) is { } account && (await data.ListsAsync(account.Id)).Lists.Any(l => l.Name == fields["list.name"].Trim());

    private async Task<ApiProblem?> SourceLacksAsync(FormFields fields)
    {
        var isNew = fields["source.kind"] == "new";
        var model = fields["source.sourceType"] == "model";
        var lacks = Faults(
            ("sourceId", fields["source.kind"] == "existing" && fields["sourceId"].Length == 0, "is required: choose one."),
            ("source.accountId", isNew && fields["source.accountId"].Length == 0, "is required: choose a warehouse, or add one."),
            ("source.config.table", isNew && !model && fields["source.config.table"].Length == 0, "is required: choose a table."),
            ("source.config.sql", isNew && model && fields.Text("source.config.sql") is null, "is required: one statement that selects rows."),
            ("source.config.primaryKey", isNew && fields.Text("source.config.primaryKey") is null, "is required: the column that names a row."),
            ("source.name", isNew && fields.Text("source.name") is null, "is required."),
            ("source.name", isNew && (await data.SourcesAsync()).Any(s => s.Name == fields["source.name"].Trim()), "is taken: another source has it. Choose that one, or another name."));
        if (lacks is not null || !isNew)
        {
            return lacks;
        }

        // The warehouse itself says whether the query runs and the key is a column of it.
        var (view, fault) = await data.PreviewAsync((await data.SourceAsync(fields))!, fields.Text("source.config.primaryKey"), []);
        if (view is not null)
        {
            return null;
        }

        var isOfKey = (await data.PreviewAsync((await data.SourceAsync(fields))!, null, [])).View is not null;
        return Faults((isOfKey ? "source.config.primaryKey" : model ? "source.config.sql" : "source.config.table", true, fault!));
    }

    private async Task<ApiProblem?> MapLacksAsync(FormFields fields)
    {
        var taken = WizardData.Taken(await data.AccountAsync(fields));
        var given = taken.Where(to => fields.Text($"map.{to}") is not null).ToList();
        return fields["source.kind"] == "none" && given.Count == 0 ? null : Faults([.. taken.Except(given).Select(to => ($"map.{to}", true, "is required: a project of this type takes it.")), ("map.userId", given.Count == 2 && fields["map.email"] == fields["map.userId"], "is the column of the e-mail; the addresses would become user ids.")]);
    }

    private async Task<StepResult> PlanAsync(string draft, FormFields fields)
    {
        if (await maker.MakeAsync(draft, fields) is { } problem)
        {
            return new(problem);
        }

        var (sync, fault) = await maker.PlanAsync(fields);
        if (sync is not null)
        {
            (fields["plan.syncId"], fields["plan.of"]) = (sync, WizardPlan.InputsOf(fields));
        }

        return new(fault, Next: sync is null ? null : "review");
    }

    /// <summary>Runs exactly the plan that the page has shown, and only then sets the schedule: what nobody has looked at must not begin by itself.</summary>
    private async Task<StepResult> CreateAsync(string draft, FormFields fields)
    {
        var (shown, hash) = (fields["shown.syncId"], fields["shown.planHash"]);
        fields.Remove("shown.syncId");
        fields.Remove("shown.planHash");
        if (shown.Length > 0 && !WizardPlan.IsCurrent(fields, shown))
        {
            return new(new(StatusCodes.Status409Conflict, "Something was changed since this plan was made. Do the dry run again."));
        }

        if (await maker.MakeAsync(draft, fields) is { } problem)
        {
            return new(problem);
        }

        if (shown.Length > 0 && await maker.RunAsync(draft, fields, shown, hash) is { } refused)
        {
            return new(refused);
        }

        var (connection, fault) = await maker.FinishAsync(fields);
        if (connection is null)
        {
            return new(shown.Length == 0 ? fault : fault! with { Detail = $"The plan runs, but its schedule could not be set: {fault.Detail} Create again, or set it in the connection's settings." });
        }

        return new(
            Next: shown.Length > 0 ? $"/connections/{connection}/syncs/{fields[WizardMaker.RanAs]}" : $"/connections/{connection}",
            Notice: Notice.Good(shown.Length > 0 ? "The connection is set up, and its first sync runs." : "The connection is set up."));
    }

    /// <summary><c>Guard.MinRemovals</c> → <c>guard.minRemovals</c>.</summary>
    private static string Member(string property) => string.Join('.', property.Split('.').Select(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName));

    private static ApiProblem? Faults(params (string Field, bool IsFault, string Message)[] checks)
    {
        var faults = checks.Where(c => c.IsFault).GroupBy(c => c.Field, c => c.Message).ToDictionary(g => g.Key, g => g.ToArray());
        return faults.Count == 0 ? null : ApiProblem.Of(ProblemAnswer.BadFields(faults));
    }
}

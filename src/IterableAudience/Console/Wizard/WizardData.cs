using IterableAudience.Accounts;
using IterableAudience.Connections;
using IterableAudience.Destinations;
using IterableAudience.Hosting;
using IterableAudience.Records;
using IterableAudience.Sources;

namespace IterableAudience.Console.Wizard;

/// <summary>What the steps show besides what was filled in, asked of the API.</summary>
internal sealed class WizardData(ConsoleApi api)
{
    private const int PreviewRows = 8;

    public async Task<IReadOnlyList<AccountView>> AccountsAsync(string category)
        => [.. (await AllAsync<Page<AccountView>, AccountView>("/v2/accounts", p => p.Data, p => p.Paging)).Where(a => a.Definition.Category == category)];

    public Task<List<SourceView>> SourcesAsync() => AllAsync<Page<SourceView>, SourceView>("/v2/retl-sources", p => p.Data, p => p.Paging);

    public Task<List<DestinationView>> DestinationsAsync()
        => AllAsync<DestinationPage, DestinationView>("/v2/destinations", p => p.Destinations, p => p.Paging);

    /// <summary>The Iterable account that the connection would send with; null while none is chosen.</summary>
    public async Task<AccountView?> AccountAsync(FormFields fields)
    {
        var id = fields["destination.accountId"];
        if (fields["destination.kind"] != "new" && fields["destinationId"].Length > 0)
        {
            id = (await api.GetAsync<DestinationEnvelope>($"/v2/destinations/{Uri.EscapeDataString(fields["destinationId"])}")).Value?.Destination.Config.RudderAccountId ?? "";
        }

        return id.Length == 0 ? null : (await api.GetAsync<AccountView>($"/v2/accounts/{Uri.EscapeDataString(id)}")).Value;
    }

    /// <summary>Steps that don't apply: Iterable ignores the option of existing users where people have no userId, and pushed records start themselves.</summary>
    public async Task<IReadOnlySet<string>> SkippedAsync(FormFields fields)
    {
        HashSet<string> skipped = [];
        if (await AccountAsync(fields) is { } account && !Taken(account).Contains(Identifier.UserId))
        {
            skipped.Add("people");
        }

        if (fields["source.kind"] is "none" or "")
        {
            skipped.Add("schedule");
        }

        return skipped;
    }

    /// <summary>Which identifiers the project takes.</summary>
    public static string[] Taken(AccountView? account)
        => ConnectionRules.TakenBy(account is not null && AccountOptions.TryProjectType(account.Options.GetProperty("projectType").GetString(), out var type) ? type : ProjectType.Hybrid);

    /// <summary>What would be read, as a source or a preview names it; null for pushed records, or while nothing is chosen.</summary>
    public async Task<SourceView?> SourceAsync(FormFields fields) => fields["source.kind"] switch
    {
        "existing" when fields["sourceId"].Length > 0 => (await api.GetAsync<SourceView>($"/v2/retl-sources/{Uri.EscapeDataString(fields["sourceId"])}")).Value,
        "new" => new(
            "", fields["source.name"].Trim(), fields["source.sourceType"], "", fields["source.accountId"], true,
            fields["source.sourceType"] == "model"
                ? new(fields["source.config.primaryKey"], Sql: fields["source.config.sql"])
                : new(fields["source.config.primaryKey"], fields["source.config.schema"], fields["source.config.table"]),
            null, default, default),
        _ => null,
    };

    /// <summary>Some rows of a source, with what each would send by a mapping, or why it would be refused.</summary>
    public async Task<(PreviewView? View, string? Fault)> PreviewAsync(SourceView source, string? primaryKey, IEnumerable<Identifier> identifiers)
    {
        var asked = await api.PostAsync<PreviewEndpoints.PreviewId>("/v2/retl-sources/preview", new
        {
            accountId = source.AccountId,
            sql = source.Config.Table is null ? source.Config.Sql ?? "" : null,
            schema = source.Config.Table is null ? null : source.Config.Schema,
            table = source.Config.Table,
            limit = PreviewRows,
            primaryKey,
            identifiers = identifiers.Select(i => new { from = i.From, to = i.To }),
        });
        if (asked.Value is not { } preview)
        {
            return (null, asked.Problem!.Detail);
        }

        var fetched = await api.GetAsync<PreviewView>($"/v2/retl-sources/preview/{preview.Id}");
        return fetched.Value is { Status: "completed" } view ? (view, null) : (null, fetched.Value?.Error ?? fetched.Problem!.Detail);
    }

    public async Task<(IReadOnlyList<string> Names, string? Fault)> SchemasAsync(string account)
        => await NamesAsync<BrowseEndpoints.SchemaView>($"/v2/accounts/{Uri.EscapeDataString(account)}/schemas", s => s.Name);

    public async Task<(IReadOnlyList<BrowseEndpoints.TableView> Tables, string? Fault)> TablesAsync(string account, string schema)
    {
        var answer = await api.GetAsync<Page<BrowseEndpoints.TableView>>($"/v2/accounts/{Uri.EscapeDataString(account)}/schemas/{Uri.EscapeDataString(schema)}/tables");
        return (answer.Value?.Data ?? [], answer.Problem?.Detail);
    }

    public async Task<(IReadOnlyList<ListEndpoints.ListView> Lists, string? Fault)> ListsAsync(string account)
    {
        var answer = await api.GetAsync<ListEndpoints.Lists>($"/v2/accounts/{Uri.EscapeDataString(account)}/lists");
        return (answer.Value?.Data ?? [], answer.Problem?.Detail);
    }

    /// <summary>Asks Iterable for its lists anew: whoever asks next gets them.</summary>
    public async Task<ApiProblem?> RefreshAsync(string account)
        => (await api.GetAsync<ListEndpoints.Lists>($"/v2/accounts/{Uri.EscapeDataString(account)}/lists?refresh=true")).Problem;

    private async Task<(IReadOnlyList<string> Names, string? Fault)> NamesAsync<T>(string address, Func<T, string> name)
    {
        var answer = await api.GetAsync<Page<T>>(address);
        return (answer.Value is { } page ? [.. page.Data.Select(name)] : [], answer.Problem?.Detail);
    }

    /// <summary>All pages of a list: what can be chosen must be there.</summary>
    private async Task<List<TItem>> AllAsync<TPage, TItem>(string address, Func<TPage, IReadOnlyList<TItem>> items, Func<TPage, Paging> paging)
    {
        List<TItem> all = [];
        for (string? next = $"{address}?pageSize=500"; next is not null;)
        {
            if ((await api.GetAsync<TPage>(next)).Value is not { } page)
            {
                break;
            }

            all.AddRange(items(page));
            next = paging(page).Next;
        }

        return all;
    }
}

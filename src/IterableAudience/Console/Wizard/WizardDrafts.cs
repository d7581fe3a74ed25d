using IterableAudience.Connections;
using IterableAudience.Hosting;
using IterableAudience.Store;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Console.Wizard;

/// <summary>What has been filled in so far is in the store: nothing is lost by going back, by a restart, or by coming back tomorrow.</summary>
internal sealed class WizardDrafts(StoreContext db, Visitor visitor, TimeProvider time)
{
    /// <summary>Begins a new one. Those that nobody comes back to are removed by retention.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> BeginAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var fields = FormFields.Empty();
        ConnectionForm.Fill(fields, new("manual", null, null, null), SyncSettings.Default);
        fields["source.kind"] = "none";
        var draft = new ConnectionDraft { Id = ShortId.New(), Owner = visitor.TokenId, FieldsJson = fields.ToJson(), UpdatedAt = now };
        db.Drafts.Add(draft);
        await db.SaveChangesAsync(cancel);
        return draft.Id;
    }

    /// <summary>Null when there is none of this visitor.</summary>
    public async Task<FormFields?> FindAsync(string id, CancellationToken cancel)
    {
        var oldest = time.GetUtcNow() - ConnectionDraft.Kept;
        return await db.Drafts.AsNoTracking().SingleOrDefaultAsync(d => d.Id == id && d.Owner == visitor.TokenId && d.UpdatedAt >= oldest, cancel) is { } draft ? FormFields.Parse(draft.FieldsJson) : null;
    }

    public Task SaveAsync(string id, FormFields fields, CancellationToken cancel)
    {
        var json = fields.ToJson();
        var now = time.GetUtcNow();
        return db.Drafts.Where(d => d.Id == id && d.Owner == visitor.TokenId)
            .ExecuteUpdateAsync(u => u.SetProperty(d => d.FieldsJson, json).SetProperty(d => d.UpdatedAt, now), cancel);
    }

    public Task ForgetAsync(string id, CancellationToken cancel) => db.Drafts.Where(d => d.Id == id && d.Owner == visitor.TokenId).ExecuteDeleteAsync(cancel);
}
